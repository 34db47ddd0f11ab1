// What the user of a controller should know about a run that neither the file nor the options say.
import { fieldsWithoutEffect, readControllerConfig } from '../controllers/controller-config.ts';
import { controllerTotal } from '../controllers/run-controller.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { ExecutionRequest } from '../sweep/request.ts';

/** One sentence each; none for strategies of other kinds. */
export function controllerNotes({ program, parameters }: Strategy, execution: ExecutionRequest): string[] {
  if (program?.kind !== 'controller') return [];
  const { given } = program;
  const config = readControllerConfig(given);
  const notes: string[] = [];
  const idle = fieldsWithoutEffect(given).filter((name) => !isEmpty(given[name]));
  if (idle.length > 0) notes.push(`No back-test reads ${listed(idle)}; Hummingbot's does not either.`);
  const totals = parameters['total_amount_quote']?.values ?? [controllerTotal(config)];
  if (!totals.includes(execution.initialCash)) {
    notes.push(
      `Returns are shares of --cash ${execution.initialCash}; the controller trades total_amount_quote ${totals[0]}, and its net_pnl is a share of that.`,
    );
  }
  if (config.controller_name !== 'grid_strike') return notes;
  const { instrument } = execution;
  if (instrument === undefined) {
    notes.push(
      `No steps of ${config.connector_name} ${config.trading_pair} are known: orders of 5 and more are placed and nothing is rounded, as in Hummingbot. gridmill data instruments import FILE --exchange NAME stores them.`,
    );
  } else if (instrument.quoteRates.length > 0) {
    notes.push(
      `The quote rates of ${instrument.symbol} are recorded and not used: all amounts are in its quote currency.`,
    );
  }
  return notes;
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);

const listed = (names: readonly string[]): string =>
  names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
