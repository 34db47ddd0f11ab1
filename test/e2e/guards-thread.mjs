// The inside of a thread that imports a module as scoring threads import strategies, and tries its deeds one by one.
import { parentPort, workerData } from 'node:worker_threads';

const { entryUrl, ref, names } = workerData;
const { importGuarded } = await import(entryUrl);
const remarks = [];
const deeds = await importGuarded(ref, ({ remark, unfit }) => remarks.push(remark ?? unfit.message));
const outcomes = {};
for (const name of names) outcomes[name] = await tried(deeds[name]);
parentPort.postMessage({ outcomes, remarks });

async function tried(deed) {
  let promise;
  try {
    promise = deed();
  } catch (error) {
    return { manner: 'throws', code: error.code, message: error.message };
  }
  try {
    return { manner: 'gives', value: String(await promise) };
  } catch (error) {
    return { manner: 'rejects', code: error.code, message: error.message };
  }
}
