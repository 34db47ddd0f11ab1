// The inside of a fenced process: messages from and to the process that started it, and the word on where it is.
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { FRAME_BYTES_MAX, frameOf, frameReader } from './frames.ts';

/** Descriptors that a fenced process is given besides the standard ones. */
export const MESSAGE_FD = 3;
export const POSITION_FD = 4;

export interface ProcessChannel {
  post(message: unknown): void;
  /** Says where in its work the process is: an index, or -1. */
  moveTo(position: number): void;
}

/** Captured, as guards take them away. */
const write = writeSync;
const exit = process.exit.bind(process);

/** Opens the channel; the process ends when the other side closes it. Messages come in order, one at a time. */
export function openProcessChannel(onMessage: (message: unknown) => Promise<void> | void): ProcessChannel {
  const socket = new Socket({ fd: MESSAGE_FD, readable: true, writable: true });
  let last: Promise<void> | void;
  const read = frameReader(FRAME_BYTES_MAX, (message) => {
    last = last instanceof Promise ? last.then(() => onMessage(message)) : onMessage(message);
  });
  socket.on('data', read);
  socket.on('error', () => exit(1));
  socket.on('close', () => exit(0));
  const word = Buffer.alloc(4);
  return {
    post: (message) => void socket.write(frameOf(message)),
    moveTo(position) {
      word.writeInt32LE(position);
      write(POSITION_FD, word);
    },
  };
}
