// A CloudFormation template as data: read from YAML with its short forms, and resolved for given parameters as CloudFormation would.
import { type CollectionTag, parseDocument, type ScalarTag, visit } from 'yaml';

export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export type Block = { readonly [key: string]: Value };

export interface Parameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly Description?: string;
  readonly AllowedValues?: readonly (string | number)[];
  readonly AllowedPattern?: string;
  readonly MinValue?: number;
  readonly MaxValue?: number;
}

export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties?: Block;
}

export interface Output {
  readonly Value: Value;
  readonly Condition?: string;
}

export interface Template {
  readonly Parameters: Readonly<Record<string, Parameter>>;
  readonly Rules?: Readonly<Record<string, Block>>;
  readonly Conditions: Readonly<Record<string, Value>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, Output>>;
}

const LISTS = ['And', 'Or', 'Not', 'Equals', 'If', 'Select', 'Split', 'Join', 'Cidr', 'Sub'] as const;
const SCALARS = ['Sub', 'GetAZs', 'Base64'] as const;

const scalar = (tag: string, resolve: (text: string) => Value): ScalarTag => ({ tag, resolve });
const TAGS: readonly (ScalarTag | CollectionTag)[] = [
  scalar('!Ref', (name) => ({ Ref: name })),
  scalar('!Condition', (name) => ({ Condition: name })),
  scalar('!GetAtt', (text) => ({
    'Fn::GetAtt': [text.slice(0, text.indexOf('.')), text.slice(text.indexOf('.') + 1)],
  })),
  ...SCALARS.map((name) => scalar(`!${name}`, (text) => ({ [`Fn::${name}`]: text }))),
  ...LISTS.map(
    (name): CollectionTag => ({
      tag: `!${name}`,
      collection: 'seq',
      resolve: (items) => ({ [`Fn::${name}`]: (items as { toJSON(): Value }).toJSON() }),
    }),
  ),
];

/**
 * The template, and the aliases in it: CloudFormation takes none, the tools around it do, so that one is easily overlooked.
 * Throws for YAML that is broken, and for tags that are no function of CloudFormation.
 */
export function readTemplate(text: string): { readonly template: Template; readonly aliases: readonly string[] } {
  const document = parseDocument(text, { customTags: [...TAGS] });
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) throw new Error(wrong.map(({ message }) => message).join('\n'));
  const aliases: string[] = [];
  visit(document, { Alias: (_, { source }) => void aliases.push(source) });
  return { template: document.toJS() as Template, aliases };
}

/** What CloudFormation would make of a template for these parameters; references that lead nowhere are problems. */
export interface Resolved {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly problems: readonly string[];
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::StackName': 'lab',
  'AWS::StackId': 'arn:aws:cloudformation:eu-central-1:123456789012:stack/lab/0f',
  'AWS::Region': 'eu-central-1',
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};
const NOTHING = Symbol('AWS::NoValue');

export function resolveTemplate(
  template: Template,
  given: Readonly<Record<string, string>>,
  attributesOf: (type: string) => readonly string[],
): Resolved {
  const problems: string[] = [];
  const parameters = new Map(
    Object.entries(template.Parameters).map(([name, { Type, Default }]) => {
      const value = given[name] ?? String(Default ?? '');
      return [name, Type === 'CommaDelimitedList' ? value.split(',') : value] as const;
    }),
  );
  const conditions = new Map<string, boolean>();
  const holds = (name: string, where: string): boolean => {
    if (!(name in template.Conditions)) {
      problems.push(`${where}: no condition ${name}`);
      return false;
    }
    if (!conditions.has(name)) conditions.set(name, truth(template.Conditions[name]!, `condition ${name}`));
    return conditions.get(name)!;
  };
  const truth = (value: Value, where: string): boolean => {
    const [name, body] = Object.entries(value as Block)[0]!;
    const list = body as readonly Value[];
    if (name === 'Condition') return holds(body as string, where);
    if (name === 'Fn::Equals') return String(resolve(list[0]!, where)) === String(resolve(list[1]!, where));
    if (name === 'Fn::Not') return !truth(list[0]!, where);
    if (name === 'Fn::And') return list.every((one) => truth(one, where));
    if (name === 'Fn::Or') return list.some((one) => truth(one, where));
    problems.push(`${where}: ${name} is no condition`);
    return false;
  };
  const made = (id: string): boolean => {
    const condition = template.Resources[id]?.Condition;
    return condition === undefined || holds(condition, id);
  };
  const reference = (name: string, where: string): Value | typeof NOTHING => {
    if (name === 'AWS::NoValue') return NOTHING;
    if (name in PSEUDO) return PSEUDO[name]!;
    if (parameters.has(name)) return parameters.get(name)!;
    if (!(name in template.Resources)) problems.push(`${where}: nothing is called ${name}`);
    else if (!made(name)) problems.push(`${where}: ${name} is not made`);
    return `<${name}>`;
  };
  const attribute = (id: string, name: string, where: string): string => {
    const type = template.Resources[id]?.Type;
    if (type === undefined) problems.push(`${where}: nothing is called ${id}`);
    else if (!made(id)) problems.push(`${where}: ${id} is not made`);
    else if (!attributesOf(type).includes(name)) problems.push(`${where}: ${type} has no attribute ${name}`);
    return name === 'Arn' ? `arn:<${id}>` : `<${id}.${name}>`;
  };
  const substitute = (text: string, where: string): string =>
    text.replace(/\$\{([^!}][^}]*)\}/g, (_, name: string) => {
      const dot = name.indexOf('.');
      return dot > 0 ? attribute(name.slice(0, dot), name.slice(dot + 1), where) : String(reference(name, where));
    });
  const call = (name: string, body: Value, where: string): Value | typeof NOTHING => {
    const list = body as readonly Value[];
    switch (name) {
      case 'Ref':
        return reference(body as string, where);
      case 'Fn::GetAtt':
        return attribute(list[0] as string, list[1] as string, where);
      case 'Fn::Sub':
        return substitute(body as string, where);
      case 'Fn::If':
        return resolve(holds(list[0] as string, where) ? list[1]! : list[2]!, where);
      case 'Fn::Split':
        return String(resolve(list[1]!, where)).split(list[0] as string);
      case 'Fn::Select':
        return (resolve(list[1]!, where) as readonly Value[])[Number(list[0])] ?? '';
      case 'Fn::GetAZs':
        return ['zone-a', 'zone-b'];
      case 'Fn::Cidr':
        return Array.from({ length: Number(list[1]) }, (_, i) => `block-${i}`);
      case 'Fn::Base64':
        return String(resolve(body, where));
      default:
        problems.push(`${where}: unknown function ${name}`);
        return '';
    }
  };
  const resolve = (value: Value, where: string): Value | typeof NOTHING => {
    if (Array.isArray(value)) {
      return value.map((one, i) => resolve(one, `${where}[${i}]`)).filter((one) => one !== NOTHING) as Value[];
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [name, body] = entries[0] ?? [];
    if (entries.length === 1 && (name === 'Ref' || name!.startsWith('Fn::'))) return call(name!, body!, where);
    return Object.fromEntries(
      entries.map(([key, one]) => [key, resolve(one, `${where}.${key}`)] as const).filter(([, one]) => one !== NOTHING),
    ) as Block;
  };
  const ids = Object.keys(template.Resources).filter(made);
  const resources = Object.fromEntries(
    ids.map((id) => {
      const resource = template.Resources[id]!;
      for (const other of [resource.DependsOn ?? []].flat()) reference(other, `${id}.DependsOn`);
      return [id, { ...resource, Properties: resolve(resource.Properties ?? {}, id) as Block }];
    }),
  );
  const outputs = Object.fromEntries(
    Object.entries(template.Outputs)
      .filter(([name, { Condition }]) => Condition === undefined || holds(Condition, `output ${name}`))
      .map(([name, { Value }]) => [name, resolve(Value, `output ${name}`) as Value]),
  );
  return { resources, outputs, problems };
}
