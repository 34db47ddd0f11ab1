// The campaign in numbers: a row for each kind of fault, recovery, availability at the rate of the campaign and at others.
import { PROBE_MS_MAX, type Probe } from './clients.ts';
import type { Verdict } from './verdict.ts';

export interface Recorded {
  readonly kind: string;
  /** What it was made of: two kinds for two at once. */
  readonly parts: readonly string[];
  readonly number: number;
  /** From when recovery was due; undefined when there was none. */
  readonly recoveryMs: number | undefined;
  /** From the first moment of the fault. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Campaign {
  readonly system: string;
  readonly seed: number;
  readonly faults: readonly Recorded[];
  readonly probes: readonly Probe[];
  readonly elapsedMs: number;
  readonly verdict: Verdict;
  readonly left: readonly string[];
  readonly note: string;
}

/** A fault whose recovery takes longer is not recovered. */
export const RECOVERY_MS_MAX = 30_000;
const HOUR_S = 3_600;

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

const isRecovered = ({ recoveryMs }: Recorded): boolean => recoveryMs !== undefined && recoveryMs <= RECOVERY_MS_MAX;
const seconds = (ms: number): string => (Number.isFinite(ms) ? (ms / 1000).toFixed(1) : '–');
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const shareOf = (probes: readonly Probe[], isGood: (probe: Probe) => boolean): number =>
  probes.length === 0 ? Number.NaN : probes.filter(isGood).length / probes.length;

/** Seconds without an answer that one fault costs, and from them the availability when a fault comes every `everySeconds`. */
export function availability({ probes, faults, elapsedMs }: Campaign, everySeconds: number): number {
  const lostSeconds = ((1 - shareOf(probes, ({ isFirstTry }) => isFirstTry)) * elapsedMs) / 1000 / faults.length;
  return 1 - Math.min(1, lostSeconds / everySeconds);
}

export const recoveryRate = ({ faults }: Campaign): number => faults.filter(isRecovered).length / faults.length;

/** Whether everything held that must hold. */
export function isSound(campaign: Campaign): boolean {
  const { lost, twice, wrong, notDone } = campaign.verdict;
  return recoveryRate(campaign) > 0.95 && [lost, twice, wrong, notDone].every((list) => list.length === 0);
}

export function table(campaign: Campaign): string {
  const { faults, probes, verdict } = campaign;
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort();
  const row = (name: string, of: readonly Recorded[], heard: readonly Probe[]): string => {
    const times = of.flatMap(({ recoveryMs }) => recoveryMs ?? []);
    const cells = [
      name,
      of.length,
      of.filter(isRecovered).length,
      ...[0.5, 0.99].map((q) => seconds(quantile(times, q))),
    ];
    const first = shareOf(heard, ({ isFirstTry }) => isFirstTry);
    const again = shareOf(heard, ({ isAnswered }) => isAnswered);
    return `| ${[...cells, percent(first), percent(again)].join(' | ')} |`;
  };
  const during = (of: readonly Recorded[]): Probe[] =>
    probes.filter(({ atMs }) => of.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs));
  const rate = (faults.length / campaign.elapsedMs) * 60_000;
  return [
    `System: ${campaign.system}. Seed ${campaign.seed}. ${campaign.note}`,
    '',
    `| fault | times | recovered ≤ ${RECOVERY_MS_MAX / 1000} s | recovery p50, s | p99, s | answered meanwhile, first try | with tries for ${PROBE_MS_MAX / 1000} s |`,
    '|---|---|---|---|---|---|---|',
    ...kinds.map((kind) => {
      const of = faults.filter((fault) => fault.kind === kind);
      return row(kind, of, during(of));
    }),
    row('**all**; answers of the whole time', faults, probes),
    '',
    `Recovery rate ${percent(recoveryRate(campaign))}. ${rate.toFixed(1)} faults a minute for ${(campaign.elapsedMs / 60_000).toFixed(1)} minutes, ${probes.length} probes.`,
    `Availability from the same losses: ${[600, HOUR_S, 24 * HOUR_S].map((every) => `${percent(availability(campaign, every))} with a fault every ${every === 600 ? '10 minutes' : every === HOUR_S ? 'hour' : 'day'}`).join(', ')}.`,
    `Jobs: ${verdict.jobs} acknowledged, ${verdict.done} done in ${verdict.attempts} attempts, ${verdict.retried} parked and tried again; lost ${verdict.lost.length}, twice ${verdict.twice.length}, wrong hash ${verdict.wrong.length}, not done ${verdict.notDone.length}.`,
    ...campaign.left.map((text) => `Not done here: ${text}.`),
    ...[...verdict.lost, ...verdict.twice, ...verdict.wrong, ...verdict.notDone]
      .slice(0, 20)
      .map((text) => `- ${text}`),
  ].join('\n');
}
