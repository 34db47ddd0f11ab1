// The command that brings a row back with everything, ready to copy.
import { el } from '../dom.ts';
import { copyButton } from './clipboard.ts';
import type { Page } from './page.ts';

export const reproduceCommand = ({ data }: Page, rank: number): string | undefined =>
  data.reproduce?.replaceAll('{row}', String(rank));

/** "Run … to see it", or nothing where no command is known. */
export function reproduceHint(page: Page, rank: number): HTMLElement | null {
  const command = reproduceCommand(page, rank);
  if (command === undefined) return null;
  return el(
    'span',
    { class: 'command' },
    'Bring it back with ',
    el('code', {}, command),
    ' ',
    copyButton('Copy', () => command),
  );
}
