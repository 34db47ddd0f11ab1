// The entry of a trial thread: imports strategy modules as the loader compiles them, and serves the turbo pool.
import { workerData } from 'node:worker_threads';
import { serveTrialsInThread } from '../turbo/worker.ts';
import { goBelowAnswers } from './below-answers.ts';
import { importGuarded } from './import-guarded.ts';

if ((workerData as { readonly isBelowAnswers?: boolean }).isBelowAnswers === true) goBelowAnswers();
serveTrialsInThread(importGuarded);
