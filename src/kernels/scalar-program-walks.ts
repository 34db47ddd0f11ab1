// The walks of a program, scalar: of one variant, or of one under a whole grid of barriers, on the bitmaps of a tile.
import { assert } from '../core/assert.ts';
import type { RiskWalkInput, TileProgram, WalkInput } from './kernels.ts';
import { OP_CELLS, OP_RISK_WALK, OP_WALK, TILE_BITMAP_BYTES } from './program-layout.ts';
import { riskWalkCells } from './risk-grid.ts';
import { beginRiskWalk, endRiskWalk, riskWalkTo } from './scalar-risk-walk.ts';
import { beginWalk, endWalk, walkTo } from './scalar-walk.ts';
import { WALK_CELLS, WALK_SETTINGS } from './walk-layout.ts';

/** A walk in its three steps. */
export interface ProgramWalk {
  begin(): void;
  /** Acts on bars [from, to): a tile, whose events lie in the bitmaps. */
  tile(from: number, to: number): void;
  end(): void;
}

/** The walk that operation `n` asks for; undefined where it is none. */
export function programWalk(program: TileProgram, n: number): ProgramWalk | undefined {
  const { ops, market, record } = program;
  const { buffer } = ops;
  const op = n * OP_CELLS;
  const code = ops[op];
  if (code !== OP_WALK && code !== OP_RISK_WALK) return undefined;
  const address = (index: number): number => ops[op + index]! >>> 0;
  const bitmap = (index: number) => new Uint32Array(buffer, address(index), TILE_BITMAP_BYTES / 4);
  const cells = (index: number, count: number) => new Float64Array(buffer, address(index), count);
  const events = { enterLong: bitmap(1), exitLong: bitmap(2), enterShort: bitmap(3), exitShort: bitmap(4) };
  if (code === OP_WALK) {
    const settings = cells(5, WALK_SETTINGS);
    return single({ market, ...events, eventsFrom: 0, settings, sums: cells(6, WALK_CELLS), record });
  }
  const grid = program.riskGrids?.find(({ header }) => header.byteOffset === address(5));
  assert(grid !== undefined, 'a program brings the risk grids it names');
  const sums = cells(6, grid.points * WALK_CELLS);
  return many({ market, ...events, eventsFrom: 0, grid, sums, scratch: cells(7, riskWalkCells(grid)) });
}

function single(walk: WalkInput & { eventsFrom: number }): ProgramWalk {
  return {
    begin: () => beginWalk(walk),
    tile: (from, to) => {
      walk.eventsFrom = from;
      walkTo(walk, to);
    },
    end: () => endWalk(walk),
  };
}

function many(walk: RiskWalkInput & { eventsFrom: number }): ProgramWalk {
  return {
    begin: () => beginRiskWalk(walk),
    tile: (from, to) => {
      walk.eventsFrom = from;
      riskWalkTo(walk, to);
    },
    end: () => endRiskWalk(walk),
  };
}
