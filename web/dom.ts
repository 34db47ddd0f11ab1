// Builds elements from attributes and text nodes. Nothing here parses markup, so no string can become an element.

type Attribute = string | number | boolean | undefined | EventListener;
export type Child = Node | string | number | null | undefined | false;

/** An element. `on…` attributes are listeners, `true` sets an empty attribute, `undefined` and `false` set none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(typeof child === 'number' ? String(child) : child);
    }
  }
}

/** Puts a true minus sign before negative numbers. */
export const typeset = (text: string): string => text.replace(/^-/, '\u2212');

/** `gain`, `loss` or nothing, by sign. */
export const signClass = (value: number | null | undefined): string =>
  value === null || value === undefined || value === 0 ? '' : value > 0 ? 'gain' : 'loss';

/** A section with its heading on the left and controls on the right. */
export function section(
  id: string,
  title: string,
  controls: readonly Child[],
  ...children: readonly Child[]
): HTMLElement {
  const headingId = `${id}-heading`;
  return el(
    'section',
    { id, class: 'panel', 'aria-labelledby': headingId },
    el(
      'header',
      { class: 'panel-head' },
      el('h2', { id: headingId }, title),
      el('div', { class: 'controls' }, ...controls),
    ),
    ...children,
  );
}

/** A labelled drop-down. `options` are value and text. */
export function dropDown(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  selected: string,
  onPick: (value: string) => void,
): HTMLLabelElement {
  const select = el('select', { onchange: () => onPick(select.value) });
  for (const [value, text] of options) select.append(el('option', { value, selected: value === selected }, text));
  return el('label', { class: 'field' }, el('span', {}, label), select);
}

export const emptyState = (...children: readonly Child[]): HTMLElement => el('p', { class: 'empty' }, ...children);
