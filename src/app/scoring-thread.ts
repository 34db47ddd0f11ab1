// The entry of a scoring thread: imports strategy modules as the loader compiles them, and serves the pool.
import { serveBatches } from '../pool/worker.ts';
import { importGuarded } from './import-guarded.ts';

await serveBatches(importGuarded);
