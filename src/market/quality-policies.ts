// The table of candle defects: the rule each one breaks, what happens by default, and what may be chosen instead.
import { AppError, type ErrorCode } from '../core/errors.ts';

/** `reject` throws, `repair` changes the candles and counts it, `keep` leaves them as they are and counts it. */
export type QualityPolicy = 'reject' | 'repair' | 'keep';

export interface QualityRule {
  /** What happens unless the caller chooses otherwise. */
  readonly policy: QualityPolicy;
  readonly allowed: readonly QualityPolicy[];
  /** The rule that must be true, as one sentence. */
  readonly rule: string;
  /** What a repair does to a defect, in the past tense; used in reports. */
  readonly repaired?: string;
  /** The error a rejection throws. */
  readonly code: ErrorCode;
}

const rejectOrRepair: readonly QualityPolicy[] = ['reject', 'repair'];
const rejectOrKeep: readonly QualityPolicy[] = ['reject', 'keep'];

/** In the order they are checked and reported. Nothing that changes a price or an order of events is silent. */
export const QUALITY_POLICIES = {
  'not-finite': {
    policy: 'reject',
    allowed: rejectOrRepair,
    rule: 'Times must be whole milliseconds, and prices and volume finite numbers.',
    repaired: 'removed the candle, which leaves a gap',
    code: 'CANDLES_INVALID',
  },
  'non-positive-price': {
    policy: 'reject',
    allowed: rejectOrRepair,
    rule: 'Prices must be above zero.',
    repaired: 'removed the candle, which leaves a gap',
    code: 'CANDLES_INVALID',
  },
  'inconsistent-range': {
    policy: 'reject',
    allowed: rejectOrRepair,
    rule: 'High must be at least, and low at most, the open and the close.',
    repaired: 'widened high and low to hold open and close',
    code: 'CANDLES_INVALID',
  },
  'negative-volume': {
    policy: 'reject',
    allowed: rejectOrRepair,
    rule: 'Volume must not be negative.',
    repaired: 'set the volume to 0',
    code: 'CANDLES_INVALID',
  },
  'missing-volume': {
    policy: 'repair',
    allowed: rejectOrRepair,
    rule: 'Volume must be a number.',
    repaired: 'set the volume to 0',
    code: 'CANDLES_INVALID',
  },
  'out-of-order': {
    policy: 'repair',
    allowed: rejectOrRepair,
    rule: 'Candle times must rise.',
    repaired: 'sorted the candles by time',
    code: 'CANDLES_NOT_MONOTONE',
  },
  duplicate: {
    policy: 'repair',
    allowed: rejectOrRepair,
    rule: 'A candle must appear once.',
    repaired: 'removed the identical copy',
    code: 'CANDLES_NOT_MONOTONE',
  },
  'conflicting-duplicate': {
    policy: 'reject',
    allowed: rejectOrRepair,
    rule: 'Two candles of one time must be equal.',
    repaired: 'kept the copy that came last',
    code: 'CANDLES_NOT_MONOTONE',
  },
  'wrong-timeframe': {
    policy: 'reject',
    allowed: rejectOrKeep,
    rule: 'The most common step between candles must be their timeframe.',
    code: 'CANDLES_MISALIGNED',
  },
  misaligned: {
    policy: 'reject',
    allowed: rejectOrKeep,
    rule: 'Candle times must lie on the grid of their timeframe.',
    code: 'CANDLES_MISALIGNED',
  },
  // A closed market and an outage look the same here; inventing candles for either would invent fills.
  gap: {
    policy: 'keep',
    allowed: rejectOrKeep,
    rule: 'Candles must follow each other without a gap.',
    code: 'CANDLES_GAP',
  },
  'zero-volume-filler': {
    policy: 'keep',
    allowed: rejectOrKeep,
    rule: 'A candle must come from trades, not repeat the last close with no volume.',
    code: 'CANDLES_INVALID',
  },
  spike: {
    policy: 'keep',
    allowed: rejectOrKeep,
    rule: 'A candle must not move many times further than its neighbours.',
    code: 'CANDLES_INVALID',
  },
} as const satisfies Record<string, QualityRule>;

export type DefectKind = keyof typeof QUALITY_POLICIES;
export const DEFECT_KINDS = Object.keys(QUALITY_POLICIES) as readonly DefectKind[];

/** Choices that replace defaults of QUALITY_POLICIES. */
export type QualityPolicies = Readonly<Partial<Record<DefectKind, QualityPolicy>>>;

/** The policy in force for `kind`. Errors: REQUEST_INVALID when the choice is not allowed for this defect. */
export function policyFor(kind: DefectKind, policies: QualityPolicies): QualityPolicy {
  const rule: QualityRule = QUALITY_POLICIES[kind];
  const policy = policies[kind] ?? rule.policy;
  if (!rule.allowed.includes(policy)) {
    throw new AppError('REQUEST_INVALID', {
      found: `policy "${policy}" for ${kind}.`,
      todo: `Choose ${rule.allowed.join(' or ')}.`,
    });
  }
  return policy;
}
