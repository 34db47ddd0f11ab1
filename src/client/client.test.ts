// The client against services that break: what it sends again and what never, what it says, how it comes back to a stream.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Client, type ClientOptions, createClient, GridmillError, type JobEvent } from './client.ts';
import { CLIENT_LIMITS } from './limits.ts';

type Answer = (request: IncomingMessage, reply: ServerResponse, body: string) => void;

let server: Server | undefined;
const seen: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];

function leave(): void {
  server?.closeAllConnections();
  server?.close();
  seen.length = 0;
}
afterEach(leave);

/** A service that gives these answers in turn, and the last one from then on. */
async function answering(answers: readonly Answer[], options: Partial<ClientOptions> = {}): Promise<Client> {
  leave();
  server = createServer((request, reply) => {
    const { method = '', url = '', headers } = request;
    const answer = answers[Math.min(seen.push({ method, url, headers }), answers.length) - 1]!;
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => answer(request, reply, body));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return createClient({ url: `http://127.0.0.1:${port}`, backoffMs: 1, ...options });
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Answer =>
  (_, reply) => {
    reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  };
const problem = (status: number, code: string, retryable: boolean, headers = {}): Answer =>
  json(
    status,
    { error: { code, message: `${code}.`, rule: 'R.', found: 'F.', todo: 'T.', retryable, requestId: 'r-1' } },
    headers,
  );
const reset: Answer = (request) => void request.socket.destroy();
const ok = json(200, { status: 'ok', version: '1' });

const failure = async (work: Promise<unknown>): Promise<GridmillError> => {
  const error = await work.then(
    () => expect.fail('it was answered'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GridmillError);
  return error as GridmillError;
};

const BODY = { strategy: 'sma-cross', data: 'lab/MADE/1m' };

describe('requests', () => {
  test('that read are sent again after a lost connection, a full house and a proxy without a service', async () => {
    const client = await answering([
      reset,
      problem(429, 'BUSY', true, { 'retry-after': '0' }),
      json(502, 'bad gateway'),
      ok,
    ]);
    expect(await client.health()).toEqual({ status: 'ok', version: '1' });
    expect(seen).toHaveLength(4);
  });

  test('are given up after a few tries, with the last reason', async () => {
    const client = await answering([problem(503, 'STOPPING', true)]);
    expect(await failure(client.strategies())).toMatchObject({ code: 'STOPPING', status: 503 });
    expect(seen).toHaveLength(CLIENT_LIMITS.triesMax);
  });

  test('that compute, cancel or delete are sent once', async () => {
    const client = await answering([problem(429, 'BUSY', true)]);
    const calls = [
      client.sweep(BODY),
      client.jobs.cancel('a'),
      client.results.delete('latest'),
      client.jobs.submit(BODY),
    ];
    for (const error of await Promise.all(calls.map(failure))) expect(error).toMatchObject({ code: 'BUSY' });
    expect(seen).toHaveLength(calls.length);
  });

  test('that submit under a key are sent again when the answer was lost', async () => {
    const client = await answering([reset, json(202, { id: 'one' })]);
    expect(await client.jobs.submit({ ...BODY, idempotencyKey: 'k' })).toEqual({ id: 'one' });
    expect(seen).toHaveLength(2);
  });

  test('that are wrong, late or beyond their deadline are not sent again', async () => {
    for (const [status, code, retryable] of [
      [400, 'REQUEST_INVALID', false],
      [504, 'DEADLINE', true],
    ] as const) {
      const client = await answering([problem(status, code, retryable)]);
      const error = await failure(client.results.list());
      expect(error).toMatchObject({ code, status, rule: 'R.', found: 'F.', todo: 'T.', retryable, requestId: 'r-1' });
      expect(seen).toHaveLength(1);
    }
    const silent = await answering([() => undefined], { timeoutMs: 50 });
    expect(await failure(silent.health())).toMatchObject({ code: 'ANSWER_LATE', status: 0 });
    expect(seen).toHaveLength(1);
  });

  test('wait as long as the service asks for', async () => {
    const client = await answering([problem(429, 'RATE_LIMITED', true, { 'retry-after': '1' }), ok]);
    const begin = performance.now();
    await client.health();
    expect(performance.now() - begin).toBeGreaterThan(950);
  });

  test('that are aborted end with the reason of their signal, also between two tries', async () => {
    const client = await answering([problem(503, 'STOPPING', true)], { backoffMs: 60_000 });
    const leaving = new AbortController();
    const call = client.health({ signal: leaving.signal });
    setTimeout(() => leaving.abort(new Error('enough')), 50);
    await expect(call).rejects.toThrow('enough');
    await expect(client.health({ signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never');
    expect(seen).toHaveLength(1);
    const begun = await answering([(_, reply) => void reply.writeHead(200).write('{')]);
    const reading = begun.jobs.cancel('a', { signal: AbortSignal.any([AbortSignal.timeout(100)]) });
    await expect(reading).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('say when nothing answers, and when what answers is not Gridmill', async () => {
    const none = createClient({ url: 'http://127.0.0.1:9', backoffMs: 1 });
    expect(await failure(none.health())).toMatchObject({ code: 'UNREACHABLE', status: 0, retryable: true });
    const page: Answer = (_, reply) => void reply.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    expect(await failure((await answering([page])).health())).toMatchObject({ code: 'ANSWER_UNREADABLE' });
    const lost: Answer = (_, reply) => void reply.writeHead(404).end('no such page');
    expect(await failure((await answering([lost])).health())).toMatchObject({ code: 'HTTP_ERROR', status: 404 });
    const elsewhere: Answer = (_, reply) => void reply.writeHead(302, { location: '/healthz' }).end();
    expect(await failure((await answering([elsewhere, ok])).jobs.cancel('a'))).toMatchObject({ code: 'UNREACHABLE' });
  });

  test('carry the token, and keep the path that the service lies under', async () => {
    const client = await answering([ok], { token: 'secret' });
    await client.health();
    expect(seen[0]).toMatchObject({ url: '/healthz', headers: { authorization: 'Bearer secret' } });
    const { port } = server!.address() as AddressInfo;
    await createClient({ url: `http://127.0.0.1:${port}/gridmill` }).results.rows('latest', {
      limit: 2,
      sort: '-sharpe',
    });
    expect(seen[1]!.url).toBe('/gridmill/api/results/latest/rows?limit=2&sort=-sharpe');
  });

  test('upload what comes in pieces', async () => {
    let got = '';
    const client = await answering([
      (request, reply, body) => {
        got = `${request.headers['content-type']} ${body}`;
        json(200, { imported: [] })(request, reply, body);
      },
    ]);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (const text of ['time,', 'open']) yield new TextEncoder().encode(text);
    }
    expect(await client.data.import(pieces(), { name: 'a.csv' })).toEqual({ imported: [] });
    expect(got).toBe('application/octet-stream time,open');
  });
});

const event = (n: number, state: string): string =>
  `id: f.${n}\nevent: ${n === 1 ? 'state' : 'progress'}\ndata: ${JSON.stringify({ id: 'j', state, scored: n })}\n\n`;
const stream =
  (texts: readonly string[], end: 'end' | 'reset' | 'open'): Answer =>
  (request, reply) => {
    reply.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const text of texts) reply.write(text);
    if (end === 'end') reply.end();
    // What was written shall arrive before the connection is cut.
    if (end === 'reset') setTimeout(() => request.socket.destroy(), 30);
  };
const collect = async (events: AsyncIterable<JobEvent>): Promise<number[]> => {
  const scored: number[] = [];
  for await (const { data } of events) scored.push(data.scored);
  return scored;
};
const asked = (): (string | undefined)[] => seen.map(({ headers }) => headers['last-event-id'] as string | undefined);

describe('following a job', () => {
  test('goes on after what was seen when the stream is cut, ends early or falls silent, and ends with the job', async () => {
    const client = await answering([
      stream(['retry: 2000\n\n', event(1, 'queued'), ': still here\n\n', event(2, 'running').slice(0, 20)], 'reset'),
      reset,
      problem(503, 'STOPPING', true),
      stream([event(2, 'running')], 'end'),
      stream([event(3, 'running')], 'open'),
      stream([event(4, 'done')], 'open'),
    ]);
    expect(await collect(client.jobs.follow('j', { silenceMs: 200 }))).toEqual([1, 2, 3, 4]);
    expect(asked()).toEqual([undefined, 'f.1', 'f.1', 'f.1', 'f.2', 'f.3']);
  });

  test('comes back as often as it must, as long as something comes each time', async () => {
    const times = CLIENT_LIMITS.followTriesMax + 3;
    const parts = Array.from({ length: times }, (_, n) => stream([event(n + 1, 'running')], 'end'));
    const client = await answering([...parts, stream([event(times + 1, 'done')], 'end')]);
    expect(await collect(client.jobs.follow('j'))).toHaveLength(times + 1);
  });

  test('ends at once where the last event is known, and fails where there is no such job', async () => {
    const over = await answering([(_, reply) => void reply.writeHead(204).end()]);
    expect(await collect(over.jobs.follow('j', { lastEventId: 'f.9.end' }))).toEqual([]);
    const client = await answering([problem(404, 'JOB_NOT_FOUND', false)]);
    expect(await failure(collect(client.jobs.follow('j')))).toMatchObject({ code: 'JOB_NOT_FOUND' });
    expect(seen).toHaveLength(1);
  });

  test('is given up when nothing comes any more however often it is asked', async () => {
    const client = await answering([stream([event(1, 'running')], 'end'), stream([], 'end')]);
    expect(await failure(collect(client.jobs.follow('j')))).toMatchObject({ code: 'STREAM_BROKEN' });
    expect(seen).toHaveLength(CLIENT_LIMITS.followTriesMax + 1);
  });

  test('leaves the connection when the loop is left or the signal is aborted', async () => {
    let closed = 0;
    const open: Answer = (request, reply, body) => {
      reply.once('close', () => closed++);
      stream([event(1, 'running')], 'open')(request, reply, body);
    };
    const client = await answering([open]);
    for await (const _ of client.jobs.follow('j')) break;
    await expect.poll(() => closed).toBe(1);
    const leaving = new AbortController();
    const following = collect(client.jobs.follow('j', { signal: leaving.signal }));
    setTimeout(() => leaving.abort(new Error('enough')), 50);
    await expect(following).rejects.toThrow('enough');
    await expect.poll(() => closed).toBe(2);
    expect(seen).toHaveLength(2);
  });

  test('takes letters that are cut in two, events over several lines, and ends of lines of either kind', async () => {
    const bytes = Buffer.from(
      'id: f.1\r\nevent: state\r\ndata: {"id":"€",\r\ndata: "state":"done","scored":7}\r\n\r\n',
    );
    const client = await answering([
      async (_, reply) => {
        reply.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const byte of bytes) {
          reply.write(Buffer.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    ]);
    const events: JobEvent[] = [];
    for await (const one of client.jobs.follow('j')) events.push(one);
    expect(events).toEqual([{ id: 'f.1', name: 'state', data: { id: '€', state: 'done', scored: 7 } }]);
  });
});

describe('a list that is streamed', () => {
  const list = { ...BODY, configurations: [{}, {}] };
  const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const all = [{ head: {} }, { index: 0, metrics: {} }, { index: 1, error: { code: 'X', message: 'x' } }, { end: {} }];

  test('comes line by line, and is broken without its end', async () => {
    const client = await answering([stream([lines(all)], 'end'), stream([lines(all.slice(0, 2))], 'end')]);
    const got: object[] = [];
    for await (const line of client.pool.batchStream(list)) got.push(line);
    expect(got).toEqual(all);
    const part = (async () => {
      for await (const line of client.pool.batchStream(list)) got.push(line);
    })();
    expect(await failure(part)).toMatchObject({ code: 'STREAM_BROKEN' });
    expect(got).toHaveLength(all.length + 2);
  });

  test('ends with the error that ended it', async () => {
    const error = { code: 'WORKER_DIED', message: 'gone', retryable: true, requestId: 'r' };
    const client = await answering([stream([lines([all[0]!, { error }])], 'end')]);
    const work = (async () => {
      for await (const _ of client.pool.batchStream(list));
    })();
    expect(await failure(work)).toMatchObject({ code: 'WORKER_DIED', requestId: 'r' });
  });
});
