// Colours say the right thing about a value.
import { describe, expect, test } from 'vitest';
import { colourScale, textOn } from './colour-scale.ts';

const channels = (colour: string): number[] => colour.match(/\d+/g)!.map(Number);
const isBlue = (colour: string): boolean => channels(colour)[2]! > channels(colour)[0]! + 10;
const isOrange = (colour: string): boolean => channels(colour)[0]! > channels(colour)[2]! + 10;

describe.each([false, true])('with dark = %s', (dark) => {
  test('a centred scale is orange below, blue above and neutral at the centre', () => {
    const { colour, centre } = colourScale([-0.5, 0, 2], { centre: 0, better: 'higher', dark });
    expect(isOrange(colour(-0.5))).toBe(true);
    expect(isBlue(colour(2))).toBe(true);
    expect(isBlue(colour(0)) || isOrange(colour(0))).toBe(false);
    expect(centre).toBe(0);
  });

  test('equal distances from the centre are equally strong, whatever the range', () => {
    const { colour } = colourScale([-3, 1], { centre: 0, better: 'higher', dark });
    const plain = channels(colour(0));
    const distance = (value: number): number =>
      channels(colour(value)).reduce((sum, c, i) => sum + Math.abs(c - plain[i]!), 0);
    expect(distance(1) / distance(-1)).toBeGreaterThan(0.4);
    expect(distance(1)).toBeLessThan(distance(-3));
  });

  test('a size where lower is better grows orange, where higher is better blue', () => {
    const fall = colourScale([0.1, 0.6], { better: 'lower', dark });
    expect(isOrange(fall.colour(0.6))).toBe(true);
    const count = colourScale([10, 90], { better: 'higher', dark });
    expect(isBlue(count.colour(90))).toBe(true);
  });

  test('one outlier does not wash out the rest, and the legend says so', () => {
    const values = [...Array.from({ length: 200 }, (_, i) => i / 200), 1_000];
    const scale = colourScale(values, { centre: 0, better: 'higher', dark });
    expect(scale.high).toBeLessThan(1);
    expect(scale.clippedHigh).toBe(true);
    expect(scale.colour(1_000)).toBe(scale.colour(scale.high));
  });

  test('values that are all the same, or none, do not break it', () => {
    expect(colourScale([0, 0], { centre: 0, better: 'higher', dark }).colour(0)).toMatch(/^rgb/);
    expect(colourScale([], { better: 'lower', dark }).colour(3)).toMatch(/^rgb/);
  });
});

test('text on a colour is the readable one', () => {
  expect(textOn('rgb(240, 240, 240)')).toBe('#0d1117');
  expect(textOn('rgb(23, 79, 146)')).toBe('#ffffff');
});
