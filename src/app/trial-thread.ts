// The entry of a trial thread: imports strategy modules as the loader compiles them, and serves the turbo pool.
import { serveTrialsInThread } from '../turbo/worker.ts';
import { importGuarded } from './import-guarded.ts';

serveTrialsInThread(importGuarded);
