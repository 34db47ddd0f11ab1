// One table in the making: engines are admitted to the timing when they agree with the engine that is judged.
import { type Agreement, agrees, compareScores, type Scores } from './agreement.ts';
import { type Contestant, interleave } from './measure.ts';
import type { PeerJob } from './peers.ts';
import type { BenchContext, Section } from './workload.ts';

export class Contest {
  readonly #context: BenchContext;
  readonly #judged: Contestant;
  readonly #scores: Scores;
  readonly #metrics: readonly string[];
  readonly #admitted: Contestant[];
  readonly #agreements: Agreement[] = [];
  readonly facts: string[] = [];

  /** `scores` are those of the judged engine; others are held against them, on `metrics`. */
  constructor(context: BenchContext, judged: Contestant, scores: Scores, metrics: readonly string[]) {
    this.#context = context;
    this.#judged = judged;
    this.#scores = scores;
    this.#metrics = metrics;
    this.#admitted = [judged];
  }

  admit(contestant: Contestant, scores: Scores, metrics = this.#metrics): void {
    const agreement = compareScores([this.#judged.name, contestant.name], this.#scores, scores, metrics);
    this.#agreements.push(agreement);
    if (agrees(agreement)) this.#admitted.push(contestant);
  }

  /** Lets every peer that is here do `job`; its name in the table ends with `suffix`. */
  async admitPeers(job: PeerJob, units: number, suffix = '', metrics = this.#metrics): Promise<void> {
    for (const peer of this.#context.peers.engines) {
      const contestant = { ...peer.contestant(job, units), name: peer.version + suffix };
      try {
        this.admit(contestant, (await peer.score(job)).scores, metrics);
      } catch (error) {
        this.facts.push(`${contestant.name} failed: ${(error as Error).message}`);
      }
    }
  }

  /** Times everyone admitted. */
  async section(input: string, unit: string): Promise<Section> {
    const timings = await interleave(this.#admitted, this.#context.effort);
    return { input, agreements: this.#agreements, timings, unit, facts: this.facts };
  }
}
