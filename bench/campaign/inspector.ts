// Makes the main thread of a Node.js process hang, by its debugger: no code of the product has a part in it.
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { connect } from 'node:net';
import { pause } from './system.ts';

const WAIT_MS = 10_000;

/** SIGUSR1 opens the debugger, which is asked to run an endless loop. */
export async function hangMainThread(pid: number, port: number): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const path = await debuggerPath(port).catch(() => undefined);
    if (path !== undefined) return evaluate(port, path, 'for (;;);');
    if (performance.now() > endMs) throw new Error(`process ${pid} opened no debugger at port ${port}`);
    await pause(50);
  }
}

const debuggerPath = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/json', timeout: 2_000 }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => {
        text += part.toString();
      });
      answer.on('end', () => {
        const [{ webSocketDebuggerUrl }] = JSON.parse(text) as [{ webSocketDebuggerUrl: string }];
        resolve(new URL(webSocketDebuggerUrl).pathname);
      });
    }).on('error', reject);
  });

/** One text frame of a WebSocket (RFC 6455), masked as those of clients are. */
async function evaluate(port: number, path: string, expression: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('data', resolve));
  const text = Buffer.from(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
  const mask = randomBytes(4);
  const masked = Buffer.from(text.map((byte, i) => byte ^ mask[i % 4]!));
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, masked]));
  await pause(300);
  socket.destroy();
}
