// What a manifest must not have: fields that Kubernetes does not know, and values of another type, by the official client's list of fields.
import { readFileSync } from 'node:fs';

const { release, kinds } = JSON.parse(
  readFileSync(new URL('./fixtures/kubernetes-job-fields.json', import.meta.url), 'utf8'),
) as { readonly release: string; readonly kinds: Readonly<Record<string, Readonly<Record<string, string>>>> };

export { release };

/** Complaints about a value that should be of a type in the words of the list: `V1Job`, `Array<string>`, `{ [key: string]: string; }`. */
export function kubernetesFaults(value: unknown, type = 'V1Job', path = ''): string[] {
  const fault = (text: string): string[] => [`${path || type}: ${text}`];
  const [, item] = /^Array<(.+)>$/.exec(type) ?? [];
  if (item !== undefined) {
    if (!Array.isArray(value)) return fault('is no list');
    return value.flatMap((one, index) => kubernetesFaults(one, item, `${path}[${index}]`));
  }
  const [, entry] = /^\{ \[key: string\]: (.+); \}$/.exec(type) ?? [];
  if (['string', 'number', 'boolean'].includes(type)) return typeof value === type ? [] : fault(`is no ${type}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault(`is no object of ${type}`);
  const fields = entry === undefined ? kinds[type] : undefined;
  if (entry === undefined && fields === undefined) return fault(`nobody knows the type ${type}`);
  return Object.entries(value).flatMap(([name, inner]) => {
    const innerType = entry ?? fields?.[name];
    if (innerType === undefined) return fault(`has no field ${name}`);
    return kubernetesFaults(inner, innerType, `${path}.${name}`);
  });
}
