// From the assumptions a user names to a complete ExecutionRequest: what is left out comes from the profile.
import type { Calendar } from '../metrics/annualisation.ts';
import { profileNamed } from '../simulate/profiles.ts';
import type { Direction, SizingKind } from '../simulate/simulation.ts';
import type { ExecutionRequest } from '../sweep/request.ts';

export interface ExecutionSelection {
  /** By the kind of strategy when left out: hummingbot-corrected for a controller, else close. */
  readonly profile?: string;
  readonly direction?: Direction;
  readonly cash?: number;
  readonly fee?: number;
  readonly fixedFee?: number;
  readonly slippage?: number;
  readonly sizing?: SizingKind;
  readonly size?: number;
  readonly sizeStep?: number;
  readonly minSize?: number;
  readonly minNotional?: number;
  readonly closeAtEnd?: boolean;
  readonly calendar: Calendar;
  /** A list of instruments for a controller, instead of the one in the store. */
  readonly instruments?: string;
}

/** The selection among options that say more, as plain data. */
export function executionOf(options: ExecutionSelection): ExecutionSelection {
  const { profile, direction, cash, fee, fixedFee, slippage, sizing, size, sizeStep } = options;
  const { minSize, minNotional, closeAtEnd, calendar, instruments } = options;
  const costs = { fee, fixedFee, slippage };
  const sizes = { sizing, size, sizeStep, minSize, minNotional };
  const given = { profile, direction, cash, ...costs, ...sizes, closeAtEnd, calendar, instruments };
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as unknown as ExecutionSelection;
}

/** Errors: PROFILE_UNKNOWN. */
export function executionRequest(selection: ExecutionSelection): ExecutionRequest {
  const profile = profileNamed(selection.profile ?? 'close');
  const { defaults } = profile;
  const kind = selection.sizing ?? defaults.sizing.kind;
  // A size says nothing without its kind: a bare --sizing fixed-units must not keep the profile's share of equity.
  const value = selection.size ?? (kind === defaults.sizing.kind ? defaults.sizing.value : 1);
  return {
    profile,
    direction: selection.direction ?? defaults.direction,
    initialCash: selection.cash ?? defaults.initialCash,
    costs: {
      feeRate: selection.fee ?? defaults.costs.feeRate,
      fixedFee: selection.fixedFee ?? defaults.costs.fixedFee,
      slippage: selection.slippage ?? defaults.costs.slippage,
    },
    sizing: {
      kind,
      value,
      sizeStep: selection.sizeStep ?? defaults.sizing.sizeStep,
      minSize: selection.minSize ?? defaults.sizing.minSize,
      minNotional: selection.minNotional ?? defaults.sizing.minNotional,
    },
    closeAtEnd: selection.closeAtEnd ?? defaults.closeAtEnd,
    calendar: selection.calendar,
  };
}
