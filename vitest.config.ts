import { defineConfig } from 'vitest/config';

/** What takes minutes: hundreds of sweeps, and waiting for leases, kills and full disks. */
const LONG = [
  ...['smoke', 'soak'].map((name) => `test/e2e/${name}.test.ts`),
  ...['kills', 'leave', 'memory', 'queue', 'shards', 'storage', 'strain', 'strategies', 'studies'].map(
    (name) => `test/e2e/service-${name}.test.ts`,
  ),
];

/** Tests of processes meet whatever else the machine does: in CI one that fails is tried once more, and the log says so. */
const retry = process.env['CI'] === undefined ? 0 : 1;

// Projects: `fast` needs no built files and no browser; `e2e` drives the built command line and a page; `long` holds
// sweeps and services to their promises for minutes (`npm run test:long`); `cluster` builds images, runs containers and Slurm (`npm run test:cluster`).
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'fast',
          include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/cluster/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          retry,
          include: ['test/e2e/**/*.test.ts'],
          exclude: LONG,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'long',
          include: LONG,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'cluster',
          retry,
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
