// The page as text: nothing from the data can leave its place.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { renderHtmlReport } from './html-report.ts';
import type { ReportData } from './report-data.ts';

const hostile = '</script><!--<script>alert(1)</script>\u2028 "&<img>';
const data = { title: hostile, strategy: { name: hostile, source: hostile } } as unknown as ReportData;
const assets = { script: 'const a = "</script>", b = "<!--";', style: 'p::after { content: "</style>" }' };
const html = renderHtmlReport(data, assets);

test('has exactly the two script elements and one style element it should have', () => {
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html.match(/<\/script/g)).toHaveLength(2);
  expect(html.match(/<\/style/g)).toHaveLength(1);
  expect(html).not.toContain('<img>');
  expect(html).not.toContain('<!--');
});

test('embeds the data without loss', () => {
  const json = /<script type="application\/json" id="report-data">(.*?)<\/script>/s.exec(html)![1]!;
  expect(json).not.toContain('<');
  expect(JSON.parse(json)).toEqual(data);
});

test('allows its own script by hash and nothing else', () => {
  const script = /<script>(.*?)<\/script>/s.exec(html)![1]!;
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = /content="(default-src[^"]*)"/.exec(html)![1]!;
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ]);
  // Escaping kept the meaning of the script.
  expect(new Function(`${script} return [a, b];`)()).toEqual(['</script>', '<!--']);
});
