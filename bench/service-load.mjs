// What the service is given to do while it is measured: candles, a queue of jobs, sweeps that take every core.

const json = { 'content-type': 'application/json' };
/** Millions of variants: it runs until it is stopped. */
const LONG = {
  strategy: 'sma-cross',
  data: 'local/WAVE/1h',
  parameters: { fast: '2..900:1', slow: '10..3000:1' },
  save: false,
};

/** 50,000 hours of a made-up wave. */
export async function putCandles({ url }) {
  const lines = ['time,open,high,low,close,volume'];
  for (let bar = 0; bar < 50_000; bar++) {
    const close = 100 + 10 * Math.sin(bar / 30) + Math.sin(bar / 7);
    lines.push(`${Date.UTC(2020, 0, 1) + bar * 3_600_000},${close},${close + 1},${close - 1},${close},1`);
  }
  const headers = { 'content-type': 'application/octet-stream' };
  const query = 'name=wave.csv&exchange=local&symbol=WAVE';
  const answer = await fetch(`${url}/api/data/import?${query}`, { method: 'POST', headers, body: lines.join('\n') });
  if (answer.status !== 200) throw new Error(`the import answers ${answer.status}: ${await answer.text()}`);
}

/** Thirty small jobs with results, so that lists have something to list. */
export async function openQueue({ url }) {
  for (let n = 0; n < 30; n++) {
    const small = { ...LONG, parameters: { fast: [5 + n, 6 + n], slow: '50..90:10' }, save: undefined };
    await fetch(`${url}/api/jobs`, { method: 'POST', headers: json, body: JSON.stringify(small) });
  }
  for (;;) {
    const { jobs } = await (await fetch(`${url}/api/jobs?limit=100`)).json();
    if (jobs.every(({ state }) => state === 'done')) return;
    if (jobs.some(({ state }) => state === 'failed')) throw new Error(`a job failed: ${JSON.stringify(jobs[0])}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Starts a sweep of each kind and waits until all of them compute. Two share threads and memory. */
export async function startSweeps({ url }, kinds) {
  const leaving = new AbortController();
  const ends = [];
  const [threads, bytes] = kinds.length > 1 ? [1, 2 ** 30] : [];
  for (const kind of kinds) {
    if (kind === 'waited') {
      const body = JSON.stringify({ ...LONG, maxThreads: threads, memoryBytes: bytes });
      const { signal } = leaving;
      const answer = fetch(`${url}/api/backtests`, { method: 'POST', headers: json, body, signal });
      const given = answer.catch(() => undefined);
      ends.push(() => given);
      continue;
    }
    const body = JSON.stringify({ ...LONG, budget: { threadsMax: threads, bytesMax: bytes } });
    const job = await (await fetch(`${url}/api/jobs`, { method: 'POST', headers: json, body })).json();
    ends.push(() => fetch(`${url}/api/jobs/${job.id}/cancel`, { method: 'POST' }));
  }
  const until = async (count) => {
    const endMs = performance.now() + 30_000;
    for (;;) {
      const { running } = await (await fetch(`${url}/readyz`)).json();
      if (running === count) return;
      if (performance.now() > endMs) throw new Error(`${running} sweeps run instead of ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await until(kinds.length);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  return {
    async end() {
      leaving.abort();
      await Promise.all(ends.map((end) => end()));
      await until(0);
    },
  };
}
