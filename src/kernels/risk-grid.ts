// The grid of barriers a base variant is walked under: its distinct levels in order, and which of them each point has.
import { assert } from '../core/assert.ts';
import { type Arena, alignedBytes } from './arena.ts';
import type { RiskGrid } from './kernels.ts';
import {
  COHORT_CELLS,
  GRID_HEADER,
  LIMIT_SLOT,
  MORE_RECORDS,
  POINT_CELLS,
  POINT_SLOTS,
  RECORD_CELLS,
  RISK_HEADER,
} from './risk-layout.ts';
import {
  GRIDMILL,
  RULE_BOOK,
  SIZE_STEP,
  SIZING_FRACTION,
  SIZING_KIND,
  SIZING_VALUE,
  STOP_LOSS,
  TAKE_PROFIT,
  TIME_LIMIT,
  TRAILING_STOP,
  WALK_SETTINGS,
} from './walk-layout.ts';

const REGION = 'risk grid';
/** The settings behind the four slots of a point, in the order of the slots. */
const AXES = [STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_LIMIT] as const;

/** Arena bytes that `prepareRiskGrid` takes at most for `points` points. */
export function riskGridBytes(points: number): number {
  const levels = POINT_SLOTS * points;
  return (
    alignedBytes(GRID_HEADER * 4) +
    alignedBytes(points * WALK_SETTINGS * 8) +
    alignedBytes(levels * 8) +
    alignedBytes(levels * 4)
  );
}

/**
 * Sorts the levels of a grid of barriers. `settings` holds WALK_SETTINGS values per point, which differ in their barriers
 * only. One grid serves every base variant.
 */
export function prepareRiskGrid(arena: Pick<Arena, 'float64' | 'int32'>, settings: Float64Array): RiskGrid {
  const points = settings.length / WALK_SETTINGS;
  assert(Number.isInteger(points) && points > 0, 'a risk grid has whole points');
  const own = arena.float64(REGION, settings.length);
  own.set(settings);
  const axes = AXES.map((axis) => distinct(own, axis));
  const levels = arena.float64(REGION, POINT_SLOTS * points);
  const slots = arena.int32(REGION, POINT_SLOTS * points);
  const levelCount = axes.reduce((count, axis) => count + axis.length, 0);
  const starts: number[] = [];
  let start = 0;
  for (const [slot, values] of axes.entries()) {
    levels.set(values, start);
    starts.push(start);
    const indices = new Map(values.map((value, index) => [value, index]));
    for (let point = 0; point < points; point++) {
      const index = indices.get(own[point * WALK_SETTINGS + AXES[slot]!]!);
      slots[point * POINT_SLOTS + slot] = index === undefined ? levelCount + MORE_RECORDS - 1 : start + index;
    }
    start += values.length;
  }
  const sharesExcursions = levelCount > 0 && canShare(own, axes[LIMIT_SLOT]!);
  const header = arena.int32(REGION, GRID_HEADER).fill(0);
  const views = [own.byteOffset, levels.byteOffset, slots.byteOffset];
  header.set([points, sharesExcursions ? 1 : 0, ...starts.slice(1), levelCount, ...views]);
  return { points, settings: own, levels, slots, starts, levelCount, sharesExcursions, header };
}

/** Where the parts of a risk walk lie in its scratch, in cells of eight bytes, one behind the other. */
export function riskWalkParts({ points, levelCount }: Pick<RiskGrid, 'points' | 'levelCount'>) {
  const recordCount = levelCount + MORE_RECORDS;
  const records = RISK_HEADER;
  const cohorts = records + recordCount * RECORD_CELLS;
  const accounts = cohorts + (points + 1) * COHORT_CELLS;
  const reachedAt = accounts + Math.ceil(points / 2) * 2 * POINT_CELLS;
  const links = reachedAt + Math.ceil(recordCount / 2);
  return { recordCount, records, cohorts, accounts, reachedAt, links, end: links + Math.ceil(points / 2) };
}

/** Most Float64 cells that the scratch of a walk over so many points takes. */
export const riskWalkCellsMax = (points: number): number =>
  riskWalkParts({ points, levelCount: POINT_SLOTS * points }).end;

/** Float64 cells that the scratch of a walk over `grid` takes. */
export const riskWalkCells = (grid: RiskGrid): number => riskWalkParts(grid).end;

/** Values of one setting over all points in ascending order, each once; NaN is off and left out. */
function distinct(settings: Float64Array, setting: number): number[] {
  const values = new Set<number>();
  for (let at = setting; at < settings.length; at += WALK_SETTINGS) {
    if (!Number.isNaN(settings[at]!)) values.add(settings[at]!);
  }
  return [...values].sort((a, b) => a - b);
}

/** Whether positions are all the account holds, so that what a bar does to them is one fact for all points. */
function canShare(settings: Float64Array, timeLimits: readonly number[]): boolean {
  return (
    settings[RULE_BOOK] === GRIDMILL &&
    settings[SIZING_KIND] === SIZING_FRACTION &&
    settings[SIZING_VALUE] === 1 &&
    settings[SIZE_STEP] === 0 &&
    timeLimits.every((limit) => Number.isInteger(limit) && limit >= 1)
  );
}
