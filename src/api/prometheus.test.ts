// Tests of the text that Prometheus reads: cumulative buckets, escaped labels, and a bound on series.
import { expect, test } from 'vitest';
import { createHistogram, Exposition } from './prometheus.ts';

test('buckets are cumulative, with sum and count', () => {
  const histogram = createHistogram([1, 2]);
  for (const value of [0.5, 1, 1.5, 9]) histogram.observe({ route: '/a' }, value);
  const out = new Exposition();
  out.histogram('t_seconds', 'Time.', [1, 2], histogram);
  expect(out.text().trimEnd().split('\n')).toEqual([
    '# HELP t_seconds Time.',
    '# TYPE t_seconds histogram',
    't_seconds_bucket{route="/a",le="1"} 2',
    't_seconds_bucket{route="/a",le="2"} 3',
    't_seconds_bucket{route="/a",le="+Inf"} 4',
    't_seconds_sum{route="/a"} 12',
    't_seconds_count{route="/a"} 4',
  ]);
});

test('labels are escaped, and what has no value is left out', () => {
  const out = new Exposition();
  out.gauge('g', 'G.', [{ labels: { name: 'a"b\\c\nd' }, value: 1 }]);
  out.gauge('none', 'None.', null);
  out.gauge('far', 'Far.', Number.NEGATIVE_INFINITY);
  expect(out.text()).toContain('far -Inf\n');
  expect(out.text()).toContain('g{name="a\\"b\\\\c\\nd"} 1\n');
  expect(out.text()).not.toMatch(/^none/m);
});

test('labels without end are counted together', () => {
  const histogram = createHistogram([1]);
  for (let n = 0; n < 2_000; n++) histogram.observe({ route: `/${n}` }, 1);
  const samples = [...histogram.samples()];
  expect(samples).toHaveLength(501);
  expect(samples.at(-1)).toEqual([{ route: 'other' }, { counts: [1_500, 1_500], sum: 1_500 }]);
});
