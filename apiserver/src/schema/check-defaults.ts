import type { Cause, Json, StructuralSchema } from '@river/crds';
import { cloneJson } from '../json/plain-json.ts';
import { compileSchema } from './compile-schema.ts';
import { forbidden, invalidValue } from './field-causes.ts';

/** A default is judged as the value of a field named `default`, in an object of its own. */
const checkDefault = (schema: StructuralSchema, value: Json, field: string): Cause[] => {
  const judge = compileSchema({ type: 'object', properties: { default: schema } });
  const holder = { default: cloneJson(value) };
  if (judge.prune(holder).length > 0) return [invalidValue(`${field}.default`, value, 'must not have unknown fields')];
  judge.applyDefaults(holder);
  return judge.validate(holder).map((cause) => ({ ...cause, field: `${field}.${cause.field}` }));
};

const children = (schema: StructuralSchema, field: string): [StructuralSchema, string][] => [
  ...Object.entries(schema.properties ?? {}).map(([key, property]): [StructuralSchema, string] => [
    property,
    `${field}.properties[${key}]`,
  ]),
  ...(typeof schema.additionalProperties === 'object'
    ? [[schema.additionalProperties, `${field}.additionalProperties`] satisfies [StructuralSchema, string]]
    : []),
  ...(schema.items ? [[schema.items, `${field}.items`] satisfies [StructuralSchema, string]] : []),
];

const checkBelow = (schema: StructuralSchema, field: string): Cause[] => {
  const own = schema.default === undefined || schema.default === null ? [] : checkDefault(schema, schema.default, field);
  return [...own, ...children(schema, field).flatMap(([child, at]) => checkBelow(child, at))];
};

const hasDefault = (schema: StructuralSchema): boolean =>
  schema.default !== undefined || children(schema, '').some(([child]) => hasDefault(child));

/** Every default must be a value that its own schema takes, with nothing that pruning would remove. The schema is structural. */
export const checkDefaults = (schema: StructuralSchema, field: string): Cause[] => {
  const causes: Cause[] = [];
  const metadata = schema.properties?.metadata;
  if (metadata && hasDefault(metadata)) {
    causes.push(forbidden(`${field}.properties[metadata].default`, 'must not be set in top-level metadata'));
  }
  if (schema.default !== undefined) causes.push(forbidden(`${field}.default`, 'must not be set at the root'));
  return causes.length > 0 ? causes : checkBelow(schema, field);
};
