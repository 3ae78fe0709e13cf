import { type Cause, isObject, type Json, type JsonObject } from '@river/crds';
import { append, invalidValue, mostCauses } from './field-causes.ts';

type Form =
  | 'text'
  | 'flag'
  | 'number'
  | 'count'
  | 'any'
  | 'texts'
  | 'list'
  | 'schema'
  | 'schemas'
  | 'schema-map'
  | 'schema-or-flag'
  | 'objects';

const forms: Readonly<Record<string, Form>> = {
  type: 'text',
  title: 'text',
  description: 'text',
  format: 'text',
  pattern: 'text',
  nullable: 'flag',
  uniqueItems: 'flag',
  exclusiveMinimum: 'flag',
  exclusiveMaximum: 'flag',
  minimum: 'number',
  maximum: 'number',
  multipleOf: 'number',
  minLength: 'count',
  maxLength: 'count',
  minItems: 'count',
  maxItems: 'count',
  minProperties: 'count',
  maxProperties: 'count',
  enum: 'list',
  required: 'texts',
  properties: 'schema-map',
  additionalProperties: 'schema-or-flag',
  items: 'schema',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  not: 'schema',
  'x-kubernetes-preserve-unknown-fields': 'flag',
  'x-kubernetes-embedded-resource': 'flag',
  'x-kubernetes-int-or-string': 'flag',
  'x-kubernetes-list-type': 'text',
  'x-kubernetes-list-map-keys': 'texts',
  'x-kubernetes-map-type': 'text',
  'x-kubernetes-validations': 'objects',
};

const isTexts = (value: Json): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

const flat: Readonly<Partial<Record<Form, readonly [(value: Json) => boolean, string]>>> = {
  text: [(value) => typeof value === 'string', 'must be a string'],
  flag: [(value) => typeof value === 'boolean', 'must be a boolean'],
  number: [(value) => typeof value === 'number', 'must be a number'],
  count: [(value) => Number.isInteger(value), 'must be an integer'],
  list: [Array.isArray, 'must be a list'],
  texts: [isTexts, 'must be a list of strings'],
  objects: [(value) => Array.isArray(value) && value.every(isObject), 'must be a list of objects'],
};

/** Names are made as they are needed: of very many parts only the first faults are told. */
const eachShape = (parts: JsonObject | Json[], field: string): Cause[] => {
  const causes: Cause[] = [];
  for (const key of Object.keys(parts)) {
    if (causes.length >= mostCauses) break;
    append(causes, schemaShape((parts as JsonObject)[key] ?? null, `${field}[${key}]`)); // a list's indexes are keys, too
  }
  return causes;
};

const keywordShape = (form: Form, value: Json, field: string): Cause[] => {
  const rule = flat[form];
  if (rule) return rule[0](value) ? [] : [invalidValue(field, value, rule[1])];
  switch (form) {
    case 'schema':
      return schemaShape(value, field);
    case 'schema-or-flag':
      return typeof value === 'boolean' ? [] : schemaShape(value, field);
    case 'schemas':
      if (!Array.isArray(value)) return [invalidValue(field, value, 'must be a list of schemas')];
      return eachShape(value, field);
    case 'schema-map':
      if (!isObject(value)) return [invalidValue(field, value, 'must be a map of schemas')];
      return eachShape(value, field);
    default:
      return [];
  }
};

/** Whether a stranger's JSON has the shape of a schema at all, so that everything after may read it as one. */
export const schemaShape = (schema: Json, field: string): Cause[] => {
  if (!isObject(schema)) return [invalidValue(field, schema, 'must be a schema object')];
  const causes: Cause[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (causes.length >= mostCauses) break;
    const form = Object.hasOwn(forms, key) ? forms[key] : undefined;
    if (form !== undefined) append(causes, keywordShape(form, value, `${field}.${key}`));
  }
  return causes;
};

/**
 * A schema without its nulls: null says that a keyword is absent. To be applied to a definition before it is checked and kept;
 * any JSON may be given.
 */
export const withoutNulls = (schema: JsonObject): JsonObject => {
  const clean = (value: Json, key: string): Json => {
    if (key === 'default' || key === 'enum' || key === 'example') return value;
    if (Array.isArray(value)) return value.map((item) => (isObject(item) ? withoutNulls(item) : item));
    if (!isObject(value)) return value;
    if (key !== 'properties') return withoutNulls(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, property]) => [name, isObject(property) ? withoutNulls(property) : property]),
    );
  };
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, clean(value, key)]),
  );
};
