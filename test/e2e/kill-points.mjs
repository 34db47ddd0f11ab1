// Loaded into every thread of a service before anything else: makes each durable call a point at which the process can be killed, or slow.

import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/**
 * The orders lie in this folder: `kill` names a point, `slow` says how many milliseconds each sync and each write of the queue takes,
 * `in-place` takes temporary files away, `clock` moves the wall clock by milliseconds, `record` collects the names of points in
 * `calls`. `saves` gets how many variants each saved checkpoint has.
 */
const folder = process.env.GRIDMILL_TEST_POINTS;
const { readFileSync, appendFileSync, openSync, closeSync, writeSync, fsyncSync, renameSync, unlinkSync, rmdirSync } =
  fs;

const read = (name) => {
  try {
    return readFileSync(`${folder}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
};

const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const slow = () => {
  const ms = Number(read('slow') ?? 0);
  if (ms > 0) sleep(ms);
};

const { now } = Date;
Date.now = () => now() + Number(read('clock') ?? 0);

/** The main thread hangs: nothing of it runs any more. */
if (isMainThread) process.on('SIGUSR2', () => sleep(60_000));

let order;
let hits = 0;

/** `call` at `place`, before or after it is made. An order is counted from when it is first seen. */
function point(when, call) {
  const label = `${when} ${call}`;
  if (read('record') !== undefined) appendFileSync(`${folder}/calls`, `${label}\n`);
  const told = read('kill');
  if (told === undefined) return;
  if (told !== order) [order, hits] = [told, 0];
  const { at, hit } = JSON.parse(told);
  if (!label.startsWith(at) || ++hits !== hit) return;
  appendFileSync(`${folder}/killed`, `${label}\n`);
  process.kill(process.pid, 'SIGKILL');
}

function around(call, action) {
  if (call === undefined) return action();
  point('before', call);
  if (call.startsWith('sql')) slow();
  const value = action();
  // A claim that found no job has changed nothing.
  const isIdle = /^sql .*'running'/.test(call) && Array.isArray(value) && value.length === 0;
  if (!isIdle) point('after', call);
  return value;
}

/** With this order files are written in place, as by a program that knows no temporary files. */
const inPlace = (path) =>
  read('in-place') === undefined ? path : path.replace(/\/\.([^/]+)\.\d+-\d+-\d+\.tmp$/, '/$1');

/** What a path is of, or undefined for files that are none of the store's. */
function placeOf(path) {
  const text = String(path);
  if (/\/jobs\/progress(\/|$)/.test(text)) return 'checkpoint';
  if (/\/results(\/|$)/.test(text)) return 'result';
  return /\/jobs\/\.?queue\.json/.test(text) ? 'marker' : undefined;
}

const places = new Map();
const at = (call, place) => (place === undefined ? undefined : `${call} ${place}`);

fs.openSync = (path, ...rest) => {
  const place = placeOf(path);
  const isTemp = place !== undefined && String(path).endsWith('.tmp');
  const call = isTemp ? `create ${place}` : /\/candles\/.*[^/]$/.test(String(path)) ? 'open candles' : undefined;
  const target = isTemp ? inPlace(String(path)) : path;
  const handle = around(call, () => (target === path ? openSync(path, ...rest) : openSync(target, 'w')));
  if (place !== undefined) places.set(handle, isTemp ? place : `folder of ${place}`);
  return handle;
};
fs.closeSync = (handle) => {
  places.delete(handle);
  closeSync(handle);
};
fs.writeSync = (handle, ...rest) => {
  const place = places.get(handle);
  if (place === 'checkpoint') {
    const [, scored] = /"scored":(\d+)/.exec(Buffer.from(rest[0]).toString('latin1')) ?? [];
    if (scored !== undefined) appendFileSync(`${folder}/saves`, `${scored}\n`);
  }
  return around(at('write', place), () => writeSync(handle, ...rest));
};
fs.fsyncSync = (handle) =>
  around(at('sync', places.get(handle)), () => {
    slow();
    fsyncSync(handle);
  });
fs.renameSync = (from, to) =>
  around(at('rename', placeOf(to)), () => {
    if (placeOf(to) === undefined || inPlace(String(from)) === from) renameSync(from, to);
  });
fs.unlinkSync = (path) => around(at('remove', placeOf(path)), () => unlinkSync(path));
fs.rmdirSync = (path, ...rest) => around(at('remove folder of', placeOf(path)), () => rmdirSync(path, ...rest));
syncBuiltinESMExports();

const labelOf = (sql) => {
  const text = sql.replaceAll(/\s+/g, ' ').trim();
  // Questions change nothing: a process killed at one is a process killed at the next statement.
  return /^(SELECT|PRAGMA|WITH)/i.test(text) ? undefined : `sql ${text.slice(0, 120)}`;
};

function patch(prototype, names, label) {
  for (const name of names) {
    const real = prototype[name];
    prototype[name] = function (...rest) {
      return around(label(this, rest), () => real.apply(this, rest));
    };
  }
}

if (process.getBuiltinModule?.('node:sqlite') !== undefined) {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const texts = new WeakMap();
  const { prepare } = DatabaseSync.prototype;
  let isPatched = false;
  DatabaseSync.prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    texts.set(statement, sql);
    if (!isPatched) patch(Object.getPrototypeOf(statement), ['all'], (self) => labelOf(texts.get(self) ?? ''));
    isPatched = true;
    return statement;
  };
  patch(DatabaseSync.prototype, ['exec'], (_, [sql]) => labelOf(sql));
} else {
  const require = createRequire(import.meta.url);
  const Database = require('better-sqlite3');
  const database = new Database(':memory:');
  const statement = database.prepare('SELECT 1');
  patch(Object.getPrototypeOf(statement), ['all', 'run'], (self) => labelOf(self.source));
  patch(Database.prototype, ['exec'], (_, [sql]) => labelOf(sql));
  database.close();
}
