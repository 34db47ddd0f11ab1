// The lists of a scalar risk walk: which points are flat, wait for which event, or hold which position together.
import type { RiskWalkInput, WalkInput } from './kernels.ts';
import { riskWalkParts } from './risk-grid.ts';
import {
  COHORT_CELLS,
  COHORT_EVENT,
  COHORT_FIRST,
  COHORT_NEXT,
  COHORT_SIZE,
  HOLDING,
  NO_BAR,
  NOBODY,
  PENDING,
  QUEUED_COHORT,
  QUEUED_FROM,
  RISK_HEADER,
  SINGLE,
  UNUSED,
  WAITING,
} from './risk-layout.ts';
import { nextEvent } from './scalar-walk-events.ts';
import { AT_CLOSE, FILL_AT, WALK_CELLS, WALK_SETTINGS } from './walk-layout.ts';

/** A risk walk with views on the parts of its memory. Holds no state: that lies in the cells. */
export interface RiskWalk extends Omit<RiskWalkInput, 'eventsFrom'> {
  eventsFrom: number;
  /** The scratch: header and cohorts, addressed by their first cell. */
  readonly cells: Float64Array;
  /** First cell of the records, and of the cohorts. */
  readonly records: number;
  readonly cohorts: number;
  /** Bar at which each record was reached, NO_BAR while it was not. */
  readonly reachedAt: Int32Array;
  /** The next point of the list each point is in. */
  readonly links: Int32Array;
  /** The walk of one variant at every point. */
  readonly singles: readonly (WalkInput & { eventsFrom: number })[];
  readonly atClose: boolean;
}

const walks = new WeakMap<RiskWalkInput, RiskWalk>();

export function riskWalkOf(input: RiskWalkInput): RiskWalk {
  let walk = walks.get(input);
  if (walk === undefined) walks.set(input, (walk = viewRiskWalk(input)));
  const { eventsFrom = 0 } = input;
  if (eventsFrom !== walk.eventsFrom) {
    walk.eventsFrom = eventsFrom;
    for (const single of walk.singles) single.eventsFrom = eventsFrom;
  }
  return walk;
}

/** Both kinds of objects are written out field by field: made by spreading, each input would give them a shape of its own. */
function viewRiskWalk(input: RiskWalkInput): RiskWalk {
  const { market, enterLong, exitLong, enterShort, exitShort, eventsFrom = 0, grid, scratch, sums } = input;
  const parts = riskWalkParts(grid);
  const integers = (from: number, length: number): Int32Array =>
    new Int32Array(scratch.buffer, scratch.byteOffset + from * 8, length) as Int32Array;
  return {
    market,
    enterLong,
    exitLong,
    enterShort,
    exitShort,
    eventsFrom,
    grid,
    sums,
    scratch,
    cells: scratch,
    records: parts.records,
    cohorts: parts.cohorts,
    reachedAt: integers(parts.reachedAt, parts.recordCount),
    links: integers(parts.links, grid.points),
    singles: Array.from({ length: grid.points }, (_, point) => ({
      market,
      enterLong,
      exitLong,
      enterShort,
      exitShort,
      eventsFrom,
      settings: grid.settings.subarray(point * WALK_SETTINGS, (point + 1) * WALK_SETTINGS),
      sums: sums.subarray(point * WALK_CELLS, (point + 1) * WALK_CELLS),
      record: undefined,
    })),
    atClose: grid.settings[FILL_AT] === AT_CLOSE,
  };
}

/** Every point waits; no cohort is in use. */
export function resetLists({ cells, cohorts, links, grid, reachedAt }: RiskWalk): void {
  cells.fill(0, 0, RISK_HEADER);
  for (const list of [SINGLE, PENDING, HOLDING]) cells[list] = NOBODY;
  cells[QUEUED_FROM] = NOBODY;
  cells[WAITING] = 0;
  for (let point = 0; point < grid.points; point++) links[point] = point + 1;
  links[grid.points - 1] = NOBODY;
  cells[UNUSED] = cohorts;
  for (let n = 0; n <= grid.points; n++) {
    const cohort = cohorts + n * COHORT_CELLS;
    cells[cohort + COHORT_NEXT] = n < grid.points ? cohort + COHORT_CELLS : NOBODY;
  }
  reachedAt.fill(NO_BAR);
}

/** Takes the whole list at a cell. */
export function takeList({ cells }: RiskWalk, list: number): number {
  const first = cells[list];
  cells[list] = NOBODY;
  return first;
}

/** Puts a point in front of the list at a cell of the header or of a cohort. */
export function pushPoint({ cells, links }: RiskWalk, list: number, point: number): void {
  links[point] = cells[list];
  cells[list] = point;
}

export function pushCohort({ cells }: RiskWalk, list: number, cohort: number): void {
  cells[cohort + COHORT_NEXT] = cells[list];
  cells[list] = cohort;
}

/** Takes the first cohort of a list, or NOBODY. */
export function popCohort({ cells }: RiskWalk, list: number): number {
  const cohort = cells[list];
  if (cohort !== NOBODY) cells[list] = cells[cohort + COHORT_NEXT];
  return cohort;
}

/** Lets a flat point enter with the next entry signal in [from, to), or wait for the next stretch of bars. */
export function queuePoint(walk: RiskWalk, point: number, from: number, to: number): void {
  const { cells } = walk;
  if (cells[QUEUED_FROM] !== from) {
    cells[QUEUED_FROM] = from;
    cells[QUEUED_COHORT] = cohortFrom(walk, from, to);
  }
  const cohort = cells[QUEUED_COHORT];
  if (cohort === NOBODY) pushPoint(walk, WAITING, point);
  else {
    pushPoint(walk, cohort + COHORT_FIRST, point);
    cells[cohort + COHORT_SIZE] += 1;
  }
}

/** The cohort that enters with the next entry signal in [from, to), or NOBODY when nothing enters before `to`. */
function cohortFrom(walk: RiskWalk, from: number, to: number): number {
  const event = nextEvent(walk.enterLong, walk.enterShort, from, to, walk.eventsFrom);
  const fillBar = walk.atClose ? event : event + 1;
  if (event < 0 || fillBar >= walk.market.barCount) return NOBODY;
  const { cells } = walk;
  let before = PENDING;
  let cohort = cells[PENDING];
  while (cohort !== NOBODY && cells[cohort + COHORT_EVENT] < event) {
    before = cohort + COHORT_NEXT;
    cohort = cells[before];
  }
  if (cohort !== NOBODY && cells[cohort + COHORT_EVENT] === event) return cohort;
  const made = popCohort(walk, UNUSED);
  cells[before] = made;
  cells[made + COHORT_NEXT] = cohort;
  cells[made + COHORT_EVENT] = event;
  cells[made + COHORT_FIRST] = NOBODY;
  cells[made + COHORT_SIZE] = 0;
  return made;
}
