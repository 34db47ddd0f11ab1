// A liveness probe, as Kubernetes has one: kills a service that does not answer several times in a row, so that its policy starts it again.
import { pause } from './system.ts';

const [PROBE_MS, PROBE_TIMEOUT_MS, PROBES_MAX] = [2_000, 2_000, 3];

/** Kills by `kill` what did not answer PROBES_MAX times. */
export async function probeLiveness(url: string, isOpen: () => boolean, kill: () => void): Promise<void> {
  let failures = 0;
  let hasAnswered = false;
  while (isOpen()) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).catch(() => undefined);
    await answer?.body?.cancel().catch(() => undefined);
    if (answer?.ok === true) [failures, hasAnswered] = [0, true];
    else if (hasAnswered && ++failures >= PROBES_MAX) {
      kill();
      [failures, hasAnswered] = [0, false];
    }
    await pause(PROBE_MS);
  }
}
