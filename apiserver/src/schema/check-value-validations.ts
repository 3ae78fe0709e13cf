import type { Cause, StructuralSchema } from '@river/crds';
import { equalJson } from '../json/plain-json.ts';
import { checkKeywords, type Level } from './check-structural.ts';
import { append, forbidden, required } from './field-causes.ts';

const mustNotSay: readonly (readonly [keyof StructuralSchema, string])[] = [
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['type', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'],
  ['nullable', 'must be false to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
];

const isSaid = (schema: StructuralSchema, key: keyof StructuralSchema): boolean => {
  const value = schema[key];
  return value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0);
};

/** Every field that a condition talks about must be known without it. `whole` is the schema that the condition is about. */
const checkPart = (part: StructuralSchema, field: string, whole: StructuralSchema, wholeField: string): Cause[] => {
  const causes = mustNotSay.filter(([key]) => isSaid(part, key)).map(([key, why]) => forbidden(`${field}.${key}`, why));
  append(causes, checkKeywords(part, field));
  for (const [key, property] of Object.entries(part.properties ?? {})) {
    const [at, wholeAt] = [`${field}.properties[${key}]`, `${wholeField}.properties[${key}]`];
    const known = whole.properties && Object.hasOwn(whole.properties, key) ? whole.properties[key] : undefined;
    if (known) append(causes, checkPart(property, at, known, wholeAt));
    else causes.push(required(wholeAt, `because it is defined in ${at}`));
  }
  if (part.items && whole.items) append(causes, checkPart(part.items, `${field}.items`, whole.items, `${wholeField}.items`));
  else if (part.items) causes.push(required(`${wholeField}.items`, `because it is defined in ${field}.items`));
  append(causes, checkJunctors(part, field, whole, wholeField));
  return causes;
};

const checkJunctors = (schema: StructuralSchema, field: string, whole: StructuralSchema, wholeField: string): Cause[] => {
  const causes: Cause[] = [];
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [at, part] of (schema[key] ?? []).entries()) append(causes, checkPart(part, `${field}.${key}[${at}]`, whole, wholeField));
  }
  if (schema.not) append(causes, checkPart(schema.not, `${field}.not`, whole, wholeField));
  return causes;
};

const intOrString = [{ type: 'integer' }, { type: 'string' }];

const isIntOrStringChoice = (parts: StructuralSchema[] | undefined): boolean => equalJson(parts as never, intOrString);

/** The two customary ways to spell out an int-or-string, which may name types although they are conditions. */
const withoutCustomaryChoice = (schema: StructuralSchema): StructuralSchema => {
  if (!schema['x-kubernetes-int-or-string']) return schema;
  if (isIntOrStringChoice(schema.anyOf)) return { ...schema, anyOf: [] };
  return { ...schema, allOf: (schema.allOf ?? []).filter((part) => !isIntOrStringChoice(part.anyOf)) };
};

export const checkValueValidations = (schema: StructuralSchema, field: string, level: Level): Cause[] => {
  const causes = checkJunctors(withoutCustomaryChoice(schema), field, schema, field);
  if (level !== 'root') return causes;
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [at, part] of (schema[key] ?? []).entries()) {
      if (part.properties?.metadata)
        causes.push(forbidden(`${field}.${key}[${at}].properties[metadata]`, 'must not be specified in a nested context'));
    }
  }
  return causes;
};
