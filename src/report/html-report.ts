// Writes the HTML report: one file with data, script and style inside, that never reaches for the network.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppError } from '../core/errors.ts';
import type { ManyReportData } from './many-report-data.ts';
import type { ReportData } from './report-data.ts';

export interface ReportAssets {
  readonly script: string;
  readonly style: string;
}

/** Built page assets lie beside the compiled folder (dist/report) or in dist when run from src/report. */
const ASSET_FOLDERS = ['../report-assets/', '../../dist/report-assets/'];

/** Reads the built script and style. Errors: DEPENDENCY_MISSING when they were never built. */
export function loadReportAssets(): ReportAssets {
  for (const folder of ASSET_FOLDERS) {
    const read = (name: string): string => readFileSync(fileURLToPath(new URL(folder + name, import.meta.url)), 'utf8');
    try {
      return { script: read('report.js'), style: read('report.css') };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new AppError('DEPENDENCY_MISSING', {
    rule: 'The HTML report needs its built page assets.',
    found: 'no report-assets folder.',
    todo: 'Run `npm run build`.',
  });
}

/**
 * The whole page. Names and sources inside `data` are hostile input: they travel as JSON with every `<` escaped, and
 * the script writes them as text nodes only. The content security policy allows this one script by its hash and no
 * connection at all; styles are inline because the chart library adds its own.
 */
export function renderHtmlReport(data: ReportData | ManyReportData, assets: ReportAssets): string {
  const script = scriptText(assets.script);
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(data.title)}</title>
<link rel="icon" href="data:,">
<style>${assets.style.replace(/<\/style/gi, '<\\/style')}</style>
</head>
<body>
<div id="report"></div>
<noscript>This report draws its tables and charts with a script inside this file. Please allow scripts to read it.</noscript>
<script type="application/json" id="report-data">${jsonText(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON that can stand inside a script element: no `<` at all, and no line separators that old parsers trip over. */
function jsonText(data: ReportData | ManyReportData): string {
  return JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** A script that cannot close its element early or open a comment. Valid in string, template and regex literals. */
function scriptText(script: string): string {
  return script.replace(/<(?=\/script|!--)/gi, '\\x3c');
}

function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => names[character]!);
}
