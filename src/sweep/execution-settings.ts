// The settings of one simulation, out of what a request says about execution and the barriers of a variant.
import type { Barriers, SimulationSettings } from '../simulate/simulation.ts';
import type { ExecutionRequest } from './request.ts';

export function simulationSettings(execution: ExecutionRequest, barriers: Barriers): SimulationSettings {
  const { profile, direction, initialCash, costs, sizing, closeAtEnd } = execution;
  return { profile, direction, initialCash, costs, sizing, barriers, closeAtEnd };
}
