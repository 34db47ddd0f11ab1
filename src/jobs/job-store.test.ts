// Every job store keeps the one contract.
import { allStores } from '../../test/fixtures/jobs/stores.ts';
import { describeJobStore } from './job-store.contract.ts';

for (const kind of allStores()) describeJobStore(kind);
