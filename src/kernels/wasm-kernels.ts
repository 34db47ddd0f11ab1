// The WebAssembly twin of the kernel interface: turns views into byte offsets and calls the module's exports.
import { assert } from '../core/assert.ts';
import type { IndicatorCall } from './indicator-kernels.ts';
import {
  BAR_SUMS,
  BLOCK_BARS,
  type Kernels,
  type MarketTables,
  type RiskWalkInput,
  type TileProgram,
  type WalkInput,
} from './kernels.ts';
import { type IndicatorExports, runIndicator } from './wasm-indicators.ts';
import {
  MOST_PAGES,
  PAGE_BYTES,
  type WasmFunction,
  type WasmMemory,
  type WasmModule,
  webAssembly,
} from './web-assembly.ts';

/** Functions of src/kernels/assembly/index.ts. Addresses and counts are numbers; an address is a byte offset. */
interface WasmExports
  extends IndicatorExports,
    Readonly<
      Record<
        | 'fillTables'
        | 'setMarket'
        | 'setVariant'
        | 'beginWalk'
        | 'walkTo'
        | 'endWalk'
        | 'setRiskWalk'
        | 'beginRiskWalk'
        | 'riskWalkTo'
        | 'endRiskWalk'
        | 'beginProgram'
        | 'runTile'
        | 'endProgram',
        WasmFunction
      >
    > {
  readonly BLOCK_BARS: { readonly value: number };
  readonly BAR_SUMS: { readonly value: number };
}

/** The kernels of `module` on `memory`; every array handed to them must be a view on the memory's buffer. */
export class WasmKernels implements Kernels {
  readonly name = 'wasm-simd';
  private readonly exports: WasmExports;
  private input: WalkInput | undefined;
  private eventsFrom = 0;
  private market: MarketTables | undefined;
  private firstBar = 0;

  constructor(module: WasmModule, memory: WasmMemory) {
    this.exports = new webAssembly!.Instance(module, { env: { memory } }).exports as unknown as WasmExports;
    assert(
      this.exports.BLOCK_BARS.value === BLOCK_BARS && this.exports.BAR_SUMS.value === BAR_SUMS,
      'both twins read one layout of the market tables',
    );
  }

  computeIndicator(call: IndicatorCall): void {
    runIndicator(this.exports, call);
  }

  fillTables(market: MarketTables, bars: number, keepAt: number, needs: number): void {
    this.readMarket(market);
    this.exports.fillTables(bars, keepAt, needs);
  }

  beginWalk(input: WalkInput): void {
    assert(input.record === undefined, 'the WebAssembly twin keeps no record of a walk');
    this.readInput(input);
    this.exports.beginWalk();
  }

  walkTo(input: WalkInput, to: number): void {
    this.readInput(input);
    this.exports.walkTo(to);
  }

  endWalk(input: WalkInput): void {
    this.readInput(input);
    this.exports.endWalk();
  }

  beginRiskWalk(input: RiskWalkInput): void {
    this.readRisk(input);
    this.exports.beginRiskWalk();
  }

  riskWalkTo(input: RiskWalkInput, to: number): void {
    this.readRisk(input);
    this.exports.riskWalkTo(to);
  }

  endRiskWalk(input: RiskWalkInput): void {
    this.readRisk(input);
    this.exports.endRiskWalk();
  }

  beginProgram({ market, ops, opCount }: TileProgram): void {
    this.input = undefined;
    this.readMarket(market);
    this.exports.beginProgram(ops.byteOffset, opCount);
  }

  runTile({ market, ops, opCount }: TileProgram, from: number, bars: number): void {
    this.input = undefined;
    this.readMarket(market);
    this.exports.runTile(ops.byteOffset, opCount, from, bars);
  }

  endProgram({ market, ops, opCount }: TileProgram): void {
    this.input = undefined;
    this.readMarket(market);
    this.exports.endProgram(ops.byteOffset, opCount);
  }

  /** Tells the instance what to work on, unless it is what it worked on last. */
  private readInput(input: WalkInput): void {
    const { market, eventsFrom = 0 } = input;
    const isSameMarket = market === this.market && market.firstBar === this.firstBar;
    if (isSameMarket && input === this.input && eventsFrom === this.eventsFrom) return;
    if (!isSameMarket) this.readMarket(market);
    this.exports.setVariant(
      input.enterLong.byteOffset,
      input.exitLong.byteOffset,
      input.enterShort.byteOffset,
      input.exitShort.byteOffset,
      input.settings.byteOffset,
      input.sums.byteOffset,
      eventsFrom,
    );
    this.input = input;
    this.eventsFrom = eventsFrom;
  }

  /** The same for a risk walk, which names settings and sums of its points itself. */
  private readRisk(input: RiskWalkInput): void {
    this.input = undefined;
    this.readMarket(input.market);
    const { enterLong, exitLong, enterShort, exitShort, eventsFrom = 0, grid, sums, scratch } = input;
    const { setVariant, setRiskWalk } = this.exports;
    setVariant(
      enterLong.byteOffset,
      exitLong.byteOffset,
      enterShort.byteOffset,
      exitShort.byteOffset,
      0,
      0,
      eventsFrom,
    );
    setRiskWalk(grid.header.byteOffset, sums.byteOffset, scratch.byteOffset);
  }

  /** Tells the instance where the tables lie and what bars they are of; variants of one window share them. */
  private readMarket(market: MarketTables): void {
    this.market = market;
    this.firstBar = market.firstBar;
    this.exports.setMarket(
      market.barCount,
      market.firstBar,
      market.open.byteOffset,
      market.high.byteOffset,
      market.low.byteOffset,
      market.close.byteOffset,
      market.barSums.byteOffset,
      market.barExtremes.byteOffset,
      market.blockCloseMax.byteOffset,
      market.blockCloseMin.byteOffset,
      market.blockFall.byteOffset,
      market.blockBarsAfterMax.byteOffset,
      market.blockHigh.byteOffset,
      market.blockLow.byteOffset,
      market.carry.byteOffset,
    );
  }
}

/**
 * A shared memory of at least `bytes`, its content 0, that never grows. Post it to threads as it is: the buffer alone
 * does not let another thread run kernels on it.
 */
export function createWasmMemory(bytes: number): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  assert(pages <= MOST_PAGES, 'one kernel memory holds at most 4 GiB');
  return new webAssembly!.Memory({ initial: pages, maximum: pages, shared: true });
}
