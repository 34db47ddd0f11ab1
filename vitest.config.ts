import { defineConfig } from 'vitest/config';

// Projects: `fast` needs no built files and no browser; `e2e` drives the built command line and a page; `cluster` builds images and runs containers,
// and only `npm run test:cluster` runs it.
export default defineConfig({
  test: {
    // Tests of processes wait for them most of the time.
    maxWorkers: 3,
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
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
