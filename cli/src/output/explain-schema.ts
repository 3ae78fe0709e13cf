import { isObject, type Json, type JsonObject } from '@river/crds';

export type Schemas = Record<string, JsonObject>;

/** A schema with its `$ref` followed, also the one that hides behind `allOf`. */
export const resolve = (schema: JsonObject, schemas: Schemas): JsonObject => {
  const [only] = Array.isArray(schema.allOf) ? schema.allOf : [];
  const ref = schema.$ref ?? (isObject(only) ? only.$ref : undefined);
  if (typeof ref !== 'string') return schema;
  const target = schemas[ref.replace('#/components/schemas/', '')] ?? {};
  return { ...resolve(target, schemas), ...(typeof schema.description === 'string' && { description: schema.description }) };
};

const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** What is inside: of a list its items, of a map its values. */
const inner = (schema: JsonObject, schemas: Schemas): JsonObject => {
  const shown = resolve(schema, schemas);
  if (isObject(shown.items)) return inner(shown.items, schemas);
  return isObject(shown.additionalProperties) && !shown.properties ? inner(shown.additionalProperties, schemas) : shown;
};

/** `<[]Object>`, `<map[string]string>`, `<integer>`. */
export const typeName = (schema: JsonObject, schemas: Schemas): string => {
  const shown = resolve(schema, schemas);
  if (shown['x-kubernetes-int-or-string'] || shown.format === 'int-or-string') return 'IntOrString';
  if (isObject(shown.items)) return `[]${typeName(shown.items, schemas)}`;
  if (isObject(shown.additionalProperties) && !shown.properties) return `map[string]${typeName(shown.additionalProperties, schemas)}`;
  return shown.type === 'object' || shown.type === undefined ? 'Object' : String(shown.type);
};

export const fieldsOf = (schema: JsonObject, schemas: Schemas): [string, JsonObject][] =>
  Object.entries(object(inner(schema, schemas).properties))
    .map(([name, field]): [string, JsonObject] => [name, object(field)])
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** The schema at a path of field names, or the first name that does not exist. */
export const walk = (schema: JsonObject, path: readonly string[], schemas: Schemas): { schema: JsonObject } | { missing: string } => {
  const [name, ...rest] = path;
  if (name === undefined) return { schema };
  const found = fieldsOf(schema, schemas).find(([field]) => field === name);
  return found ? walk(found[1], rest, schemas) : { missing: name };
};

const wrap = (text: string, indent: string): string[] =>
  text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    for (const word of paragraph.split(' ')) {
      const last = lines.at(-1);
      if (last !== undefined && indent.length + last.length + word.length < 80) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines.map((line) => `${indent}${line}`.trimEnd());
  });

const isRequired = (schema: JsonObject, name: string): boolean => Array.isArray(schema.required) && schema.required.includes(name);

const briefLines = (schema: JsonObject, schemas: Schemas, indent: string, seen: readonly JsonObject[]): string[] => {
  const shown = inner(schema, schemas);
  if (seen.includes(shown)) return [];
  return fieldsOf(shown, schemas).flatMap(([name, field]) => [
    `${indent}${name}\t<${typeName(field, schemas)}>${isRequired(shown, name) ? ' -required-' : ''}`,
    ...briefLines(field, schemas, `${indent}  `, [...seen, shown]),
  ]);
};

/** What `explain` prints below the heading: the description and the fields, all levels of them when recursive. */
export const explainLines = (schema: JsonObject, schemas: Schemas, isRecursive: boolean): string[] => {
  const shown = inner(schema, schemas);
  const description = resolve(schema, schemas).description ?? shown.description;
  const choices = Array.isArray(shown.enum) ? ['ENUM:', ...shown.enum.map((value) => `    ${String(value)}`), ''] : [];
  const fields = fieldsOf(schema, schemas);
  const detailed = fields.flatMap(([name, field]) => [
    `  ${name}\t<${typeName(field, schemas)}>${isRequired(shown, name) ? ' -required-' : ''}`,
    ...wrap(String(resolve(field, schemas).description ?? '<no description>'), '    '),
    '',
  ]);
  const body = isRecursive ? briefLines(schema, schemas, '  ', []) : detailed;
  return [
    'DESCRIPTION:',
    ...wrap(String(description ?? '<empty>'), '    '),
    '',
    ...choices,
    ...(fields.length > 0 ? ['FIELDS:', ...body] : []),
  ];
};
