// Puts notebooks/4-submit-to-aws.ipynb into the template of the stack on AWS, one cell a line: node scripts/embed-notebook.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const template = new URL('../deploy/aws/template.yaml', import.meta.url);
const notebook = JSON.parse(readFileSync(new URL('../notebooks/4-submit-to-aws.ipynb', import.meta.url), 'utf8'));
const { cells, ...rest } = notebook;
const lines = [
  '{"cells": [',
  cells.map((cell) => JSON.stringify(cell)).join(',\n'),
  `], ${JSON.stringify(rest).slice(1)}`,
]
  .join('\n')
  .split('\n')
  .map((line) => `              ${line}`);
const text = readFileSync(template, 'utf8');
const [before, after] = [text.indexOf("<<'NOTEBOOK'\n"), text.indexOf('              NOTEBOOK\n')];
if (before < 0 || after < before) throw new Error('The template has no place for the notebook.');
writeFileSync(template, `${text.slice(0, before)}<<'NOTEBOOK'\n${lines.join('\n')}\n${text.slice(after)}`);
