// Prices: the included table, what it makes of work, and what is said of a table that is wrong.
import { describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { costOf, PLATFORMS, parsePrices, readPrices, storageCost } from './prices.ts';

const included = JSON.stringify(readPrices());

/** The included table with one change. */
function changed(change: (table: Record<string, never>) => void): string {
  const table = JSON.parse(included);
  change(table);
  return JSON.stringify(table);
}

const said = (text: string): string => {
  try {
    parsePrices(text, 'mine.json');
  } catch (error) {
    if (isAppError(error, 'REQUEST_INVALID')) return error.found;
  }
  throw new Error('nothing was refused');
};

describe('the included table', () => {
  test('has a date, a region and the source of every price', () => {
    const { date, region, platforms, s3 } = readPrices();
    expect(Date.parse(date)).toBeGreaterThan(0);
    expect(region).toBe('us-east-1');
    expect(Object.keys(platforms)).toEqual([...PLATFORMS]);
    for (const { source } of [...Object.values(platforms), s3]) expect(source.length).toBeGreaterThan(20);
  });

  test('calls no price of Spot confirmed', () => {
    const { platforms } = readPrices();
    expect([platforms['fargate-spot'].confirmed, platforms['ec2-spot'].confirmed]).toEqual([false, false]);
  });

  test('has Spot below what cannot be taken back', () => {
    const use = { vcpu: 1, memoryGib: 2, seconds: 3600 };
    for (const name of ['fargate', 'ec2'] as const) {
      expect(costOf({ platform: `${name}-spot`, ...use })).toBeLessThan(costOf({ platform: name, ...use }));
    }
  });
});

describe('the cost of work', () => {
  test('on Fargate is that of processors and memory by the second, a minute at least', () => {
    const hour = costOf({ platform: 'fargate', vcpu: 2, memoryGib: 4, seconds: 3600 });
    expect(hour).toBeCloseTo(2 * 0.04048 + 4 * 0.004445, 12);
    expect(costOf({ platform: 'fargate', vcpu: 2, memoryGib: 4, seconds: 5 })).toBeCloseTo(hour / 60, 12);
  });

  test('on a machine is the larger share of it, by processors or by memory', () => {
    const hour = readPrices().platforms.ec2.hour;
    expect(costOf({ platform: 'ec2', vcpu: 1, memoryGib: 2, seconds: 3600 })).toBeCloseTo(hour / 4, 12);
    expect(costOf({ platform: 'ec2', vcpu: 1, memoryGib: 8, seconds: 3600 })).toBeCloseTo(hour, 12);
  });

  test('of a whole month of a rented machine is its rent', () => {
    const { vps } = readPrices().platforms;
    const seconds = 730 * 3600;
    expect(costOf({ platform: 'vps', vcpu: 2, memoryGib: 4, seconds })).toBeCloseTo(vps.month, 9);
  });

  test('grows with the number of tasks', () => {
    const use = { platform: 'fargate-spot', vcpu: 1, memoryGib: 2, seconds: 300 } as const;
    expect(costOf({ ...use, tasks: 1000 })).toBeCloseTo(1000 * costOf(use), 9);
  });

  test('of storage is requests and days', () => {
    const { s3 } = readPrices();
    expect(storageCost({ gets: 1000, puts: 2000, gib: 0, days: 0 })).toBeCloseTo(s3.getPer1000 + 2 * s3.putPer1000, 12);
    expect(storageCost({ gets: 0, puts: 0, gib: 10, days: 730 / 24 })).toBeCloseTo(10 * s3.gibMonth, 12);
  });

  test('follows a table of the user', () => {
    const mine = parsePrices(
      included.replace('0.04048', '1').replace('"currency":"USD"', '"currency":"EUR"'),
      'mine.json',
    );
    expect(costOf({ platform: 'fargate', vcpu: 3, memoryGib: 0, seconds: 3600 }, mine)).toBe(3);
  });
});

describe('a table that is wrong is refused with the field', () => {
  test('that is missing', () => {
    expect(said(changed((table) => delete (table['platforms'] as Record<string, object>)['ec2']))).toMatch(
      /platforms .*ec2/,
    );
  });

  test('that is misspelt', () => {
    expect(said(included.replace('"vcpuHour"', '"vcpuHours"'))).toMatch(
      /platforms\.fargate has the unknown field vcpuHours/,
    );
  });

  test('that is below zero or no number', () => {
    expect(said(included.replace('0.04048', '-1'))).toMatch(/platforms\.fargate\.vcpuHour must be >= 0/);
    expect(said(included.replace('0.04048', '"cheap"'))).toMatch(/platforms\.fargate\.vcpuHour must be number/);
  });

  test('or its position where it is no JSON', () => {
    expect(said('{"currency": ')).toMatch(/mine\.json is no JSON/);
  });

  test('and a file that is not there with its name', () => {
    expect(() => readPrices('/nowhere/prices.json')).toThrow('/nowhere/prices.json');
  });
});
