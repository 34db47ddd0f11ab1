// Resources of CloudFormation held against the current schemas of AWS, offline: unknown, missing and wrongly typed properties.
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { Block, Resource, Value } from './template-parts.ts';

export interface ResourceSchemas {
  /** What Fn::GetAtt may name. Empty for an unknown type. */
  attributesOf(type: string): readonly string[];
  /** Of resolved resources: without functions. */
  problemsOf(resources: Readonly<Record<string, Resource>>): string[];
}

export function loadSchemas(): ResourceSchemas {
  const db = loadAwsServiceSpecSync();
  return {
    attributesOf: (type) => Object.keys(schemaOf(db, type)?.attributes ?? {}),
    problemsOf: (resources) =>
      Object.entries(resources).flatMap(([id, { Type, Properties = {} }]) => {
        const found = schemaOf(db, Type);
        return found === undefined
          ? [`${id}: unknown type ${Type}`]
          : blockProblems(db, id, Properties, found.properties);
      }),
  };
}

type SpecDatabase = ReturnType<typeof loadAwsServiceSpecSync>;
const schemaOf = (db: SpecDatabase, type: string) => db.lookup('resource', 'cloudFormationType', 'equals', type)[0];
type Fields = NonNullable<ReturnType<typeof schemaOf>>['properties'];
type PropertyType = Fields[string]['type'];

function blockProblems(db: SpecDatabase, where: string, value: Value, fields: Fields): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${where}: expected properties`];
  const block = value as Block;
  return [
    ...Object.keys(block)
      .filter((name) => !(name in fields))
      .map((name) => `${where}: unknown property ${name}`),
    ...Object.entries(fields).flatMap(([name, { type, required }]) => {
      const one = block[name];
      if (one === undefined) return required === true ? [`${where}: missing ${name}`] : [];
      return valueProblems(db, `${where}.${name}`, one, type);
    }),
  ];
}

/** CloudFormation turns texts into numbers and booleans, and back. */
function valueProblems(db: SpecDatabase, where: string, value: Value, type: PropertyType): string[] {
  const wrong = (what: string): string[] => [`${where}: expected ${what}, found ${JSON.stringify(value)}`];
  switch (type.type) {
    case 'ref':
      return blockProblems(db, where, value, db.get('typeDefinition', type.reference.$ref).properties);
    case 'array':
      if (!Array.isArray(value)) return wrong('a list');
      return value.flatMap((one, i) => valueProblems(db, `${where}[${i}]`, one, type.element));
    case 'map':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('a map');
      return Object.entries(value).flatMap(([key, one]) => valueProblems(db, `${where}.${key}`, one, type.element));
    case 'union': {
      const all = type.types.map((one) => valueProblems(db, where, value, one));
      return all.some((problems) => problems.length === 0) ? [] : all[0]!;
    }
    case 'string':
      if (typeof value === 'object') return wrong('a text');
      if (type.allowedValues !== undefined && !type.allowedValues.includes(String(value)))
        return wrong(`one of ${type.allowedValues.join(', ')}`);
      return [];
    case 'integer':
      return typeof value !== 'object' && /^-?\d+$/.test(String(value)) ? [] : wrong('a whole number');
    case 'number':
      return typeof value !== 'object' && value !== '' && Number.isFinite(Number(value)) ? [] : wrong('a number');
    case 'boolean':
      return ['true', 'false'].includes(String(value)) ? [] : wrong('true or false');
    case 'tag':
      return typeof value === 'object' && value !== null && 'Key' in value && 'Value' in value ? [] : wrong('a tag');
    default:
      return [];
  }
}
