// A small S3 in this process, for tests: what the engine uses of it, held to the same contract as a real server, and with faults on request.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  readonly bytes: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

export type Fault = 'slow-down' | 'lost-answer' | 'torn-body' | 'flipped-bit' | 'reset' | 'denied';

export interface FakeS3 {
  readonly endpoint: string;
  readonly objects: Map<string, Stored>;
  /** Requests so far, as `PUT bucket/key`. */
  readonly requests: string[];
  /** Uploads in parts that were neither completed nor aborted. */
  readonly openUploads: () => number;
  /** Decides which fault strikes a request; none for undefined. */
  fault: (method: string, path: string, count: number) => Fault | undefined;
  /** With the condition off, whoever puts last wins: the server that the client must not be used with. */
  honoursConditions: boolean;
  close(): Promise<void>;
}

const BUCKETS: readonly string[] = ['bucket', 'inputs', 'results'];
const quoted = (bytes: Uint8Array): string => `"${createHash('md5').update(bytes).digest('hex')}"`;
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export async function startFakeS3(): Promise<FakeS3> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, { readonly parts: Map<number, Buffer>; readonly metadata: Stored['metadata'] }>();
  const requests: string[] = [];
  const server: Server = createServer((request, response) => void answer(request, response));
  const fake: FakeS3 = {
    endpoint: '',
    objects,
    requests,
    openUploads: () => uploads.size,
    fault: () => undefined,
    honoursConditions: true,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const method = request.method ?? 'GET';
    const [, bucket = '', ...rest] = decodeURIComponent(url.pathname).split('/');
    const key = rest.join('/');
    const body = await bodyOf(request);
    requests.push(`${method} ${bucket}/${key}`);
    const fault = fake.fault(method, key, requests.length);
    if (fault === 'slow-down') {
      refuse(response, 503, 'SlowDown');
      return;
    }
    if (fault === 'denied') {
      refuse(response, 403, 'AccessDenied');
      return;
    }
    if (fault === 'reset') {
      request.socket.destroy();
      return;
    }
    if (!BUCKETS.includes(bucket)) {
      refuse(response, 404, 'NoSuchBucket');
      return;
    }
    const act = (): void => {
      const target = fault === 'lost-answer' ? deaf(request) : response;
      if (url.searchParams.has('list-type')) {
        list(url.searchParams, target);
        return;
      }
      if (url.searchParams.has('uploads')) {
        begin(key, metadataOf(request), target);
        return;
      }
      if (url.searchParams.has('uploadId')) {
        ofUpload(method, key, url.searchParams, body, target);
        return;
      }
      if (method === 'PUT') {
        put(key, body, metadataOf(request), request.headers, target);
        return;
      }
      if (method === 'DELETE') {
        objects.delete(key);
        target.writeHead(204).end();
        return;
      }
      read(method, key, fault, target);
    };
    act();
  }

  function put(
    key: string,
    bytes: Buffer,
    metadata: Stored['metadata'],
    headers: IncomingMessage['headers'],
    response: ServerResponse,
  ): void {
    if (fake.honoursConditions && headers['if-none-match'] === '*' && objects.has(key)) {
      refuse(response, 412, 'PreconditionFailed');
      return;
    }
    objects.set(key, { bytes, metadata });
    response.writeHead(200, { etag: quoted(bytes) }).end();
  }

  function read(method: string, key: string, fault: Fault | undefined, response: ServerResponse): void {
    const found = objects.get(key);
    if (found === undefined) {
      refuse(response, 404, method === 'HEAD' ? '' : 'NoSuchKey');
      return;
    }
    const metadata = Object.fromEntries(
      Object.entries(found.metadata).map(([name, text]) => [`x-amz-meta-${name}`, text]),
    );
    response.writeHead(200, { ...metadata, etag: quoted(found.bytes), 'content-length': found.bytes.byteLength });
    if (method === 'HEAD') {
      response.end();
      return;
    }
    if (fault === 'torn-body') {
      response.write(found.bytes.subarray(0, found.bytes.byteLength >> 1));
      setTimeout(() => response.destroy(), 20);
      return;
    }
    const bytes = Buffer.from(found.bytes);
    if (fault === 'flipped-bit') bytes[bytes.byteLength >> 1]! ^= 1;
    response.end(bytes);
  }

  function list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const size = Math.min(1_000, Number(query.get('max-keys') ?? 1_000));
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, Math.min(size, PAGE));
    const isCut = page.length < keys.length;
    const contents = page.map(
      (key) => `<Contents><Key>${escaped(key)}</Key><Size>${objects.get(key)!.bytes.byteLength}</Size></Contents>`,
    );
    const next = isCut ? `<NextContinuationToken>${escaped(page.at(-1)!)}</NextContinuationToken>` : '';
    xml(
      response,
      `<ListBucketResult><IsTruncated>${isCut}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    );
  }

  function begin(key: string, metadata: Stored['metadata'], response: ServerResponse): void {
    const id = `upload-${uploads.size + requests.length}`;
    uploads.set(id, { parts: new Map(), metadata });
    xml(
      response,
      `<InitiateMultipartUploadResult><Key>${escaped(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  function ofUpload(method: string, key: string, query: URLSearchParams, body: Buffer, response: ServerResponse): void {
    const id = query.get('uploadId') ?? '';
    const upload = uploads.get(id);
    if (upload === undefined) {
      refuse(response, 404, 'NoSuchUpload');
      return;
    }
    if (method === 'DELETE') {
      uploads.delete(id);
      response.writeHead(204).end();
      return;
    }
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      response.writeHead(200, { etag: quoted(body) }).end();
      return;
    }
    const bytes = Buffer.concat([...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part));
    objects.set(key, { bytes, metadata: upload.metadata });
    uploads.delete(id);
    xml(response, `<CompleteMultipartUploadResult><ETag>${quoted(bytes)}</ETag></CompleteMultipartUploadResult>`);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** Keys of one page: few, so that paging is met by small tests. */
const PAGE = 7;

/** The work is done, and nobody hears of it. */
function deaf(request: IncomingMessage): ServerResponse {
  const end = (): void => void request.socket.destroy();
  const mute = { writeHead: () => mute, end, write: () => true, setHeader: () => mute, destroy: end };
  return mute as unknown as ServerResponse;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(code === '' ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function xml(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${text}`);
}

const metadataOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith('x-amz-meta-'))
      .map(([name, text]) => [name.slice('x-amz-meta-'.length), String(text)]),
  );

/** Bodies that are signed in chunks carry the length of each before it; what follows the last one are checksums. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const raw = Buffer.concat(pieces);
  if (!String(request.headers['content-encoding'] ?? '').includes('aws-chunked')) return raw;
  const found: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.subarray(at, lineEnd).toString('latin1'), 16);
    if (!(size > 0)) return Buffer.concat(found);
    found.push(raw.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
