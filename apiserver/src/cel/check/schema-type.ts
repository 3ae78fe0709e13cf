import type { StructuralSchema } from '@river/crds';
import type { ListEquality } from '../value/value.ts';
import { escapeField } from './escape-field.ts';
import { bool, type CelType, dyn, int, maxRequestBytes, type ObjectField, stringType } from './type.ts';

/** The fewest bytes that a valid value takes in JSON, from which follows how many of them fit in a request. */
export const minBytesOf = (schema: StructuralSchema): number => {
  switch (schema.type) {
    case 'object':
      return Object.entries(schema.properties ?? {}).reduce((bytes, [name, property]) => {
        const counts = schema.required?.includes(name) && property.default === undefined;
        return counts ? bytes + name.length + 4 + minBytesOf(property) : bytes;
      }, 2);
    case 'boolean':
      return 4;
    case 'array':
      return 2;
    case 'string':
      return minStringBytes(schema.format);
    default:
      return 1;
  }
};

const minStringBytes = (format: string | undefined): number => {
  if (format === 'date') return 12;
  if (format === 'date-time') return 22;
  return format === 'duration' ? 3 : 2;
};

/** How many values of this schema a list or map can have when it says nothing itself. */
const maxItemsOf = (list: StructuralSchema): number => {
  if (list.type === 'array') return list.maxItems ?? Math.floor((maxRequestBytes - 2) / ((list.items ? minBytesOf(list.items) : 1) + 1));
  const value = typeof list.additionalProperties === 'object' ? list.additionalProperties : {};
  return list.maxProperties ?? Math.floor((maxRequestBytes - 2) / (minBytesOf(value) + 6));
};

/** The CEL type of what a schema describes; undefined when expressions cannot see it. `isResource`: kind and metadata exist undeclared. */
export const schemaType = (
  schema: StructuralSchema,
  isResource = schema['x-kubernetes-embedded-resource'] === true,
): CelType | undefined => {
  if (schema['x-kubernetes-int-or-string']) return { kind: 'dyn', max: maxRequestBytes - 2 };
  switch (schema.type) {
    case 'integer':
      return int;
    case 'number':
      return { kind: 'double' };
    case 'boolean':
      return bool;
    case 'string':
      return stringTypeOf(schema);
    case 'array':
      return arrayType(schema);
    case 'object':
      return objectType(schema, isResource);
    default:
      return undefined;
  }
};

const stringTypeOf = (schema: StructuralSchema): CelType => {
  if (schema.format === 'date' || schema.format === 'date-time') return { kind: 'timestamp' };
  if (schema.format === 'duration') return { kind: 'duration' };
  if (schema.format === 'byte') return { kind: 'bytes', max: schema.maxLength ?? maxRequestBytes - 2 };
  if (schema.maxLength !== undefined) return stringType(Math.max(0, schema.maxLength) * 4);
  const longest = schema.enum?.reduce<number>((most, value) => Math.max(most, typeof value === 'string' ? value.length : 0), 0);
  return stringType(longest ?? maxRequestBytes - 2);
};

const equalityOf = (schema: StructuralSchema): ListEquality => {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return { type };
  return type === 'map' ? { type, keys: schema['x-kubernetes-list-map-keys'] ?? [] } : { type: 'atomic' };
};

const arrayType = (schema: StructuralSchema): CelType | undefined => {
  const item = schema.items && schemaType(schema.items);
  return item && { kind: 'list', item, max: maxItemsOf(schema), equality: equalityOf(schema) };
};

const objectType = (schema: StructuralSchema, isResource: boolean): CelType | undefined => {
  if (schema.additionalProperties === true) return { kind: 'map', key: stringType(), value: dyn, max: maxItemsOf(schema) };
  if (typeof schema.additionalProperties === 'object') {
    const value = schemaType(schema.additionalProperties);
    return value && { kind: 'map', key: stringType(), value, max: maxItemsOf(schema) };
  }
  const fields = new Map<string, ObjectField>();
  for (const [name, property] of Object.entries(isResource ? withResourceFields(schema) : (schema.properties ?? {}))) {
    const type = schemaType(property);
    const escaped = escapeField(name);
    if (type && escaped !== undefined) fields.set(escaped, { jsonName: name, type });
  }
  return { kind: 'object', name: 'object', fields };
};

const resourceMetadata: StructuralSchema = { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } };

/** Of metadata, rules see only the name, whatever the schema declares. */
const withResourceFields = (schema: StructuralSchema): Record<string, StructuralSchema> => ({
  ...schema.properties,
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: resourceMetadata,
});
