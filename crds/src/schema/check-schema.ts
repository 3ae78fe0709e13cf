import { SchemaError } from './schema-error.ts';
import type { StructuralSchema } from './structural-schema.ts';

/**
 * What an API server would refuse although every part of the schema can be said: a CEL rule over something without bounds, a list-map
 * whose keys may be missing, a set of things that cannot be compared.
 * @throws SchemaError
 */
export function checkSchema(schema: StructuralSchema, path: string, underRule = false): void {
  const rules = schema['x-kubernetes-validations'] ?? [];
  const isJudged = underRule || rules.length > 0;
  if (isJudged) checkBounds(schema, path);
  checkList(schema, path);
  for (const [name, field] of Object.entries(schema.properties ?? {})) checkSchema(field, `${path}.${name}`, isJudged);
  if (schema.items) checkSchema(schema.items, `${path}[]`, isJudged);
  if (typeof schema.additionalProperties === 'object') checkSchema(schema.additionalProperties, `${path}.*`, isJudged);
}

/** Texts of these formats have a length that the API server knows. */
const boundedFormats = new Set(['date', 'date-time', 'duration']);

function checkBounds(schema: StructuralSchema, path: string): void {
  const unbounded = (limit: string) => {
    throw new SchemaError(path, `a CEL rule can see this, and its cost has no bound: give it ${limit}`);
  };
  const isKnownText = schema.enum !== undefined || boundedFormats.has(schema.format ?? '');
  if (schema.type === 'string' && schema.maxLength === undefined && !isKnownText) unbounded('maxLength, .max(n)');
  if (schema.type === 'array' && schema.maxItems === undefined) unbounded('maxItems, listOf(…, { max })');
  if (schema.additionalProperties && schema.maxProperties === undefined) unbounded('maxProperties, mapOf(…, { max })');
}

function checkList(schema: StructuralSchema, path: string): void {
  const listType = schema['x-kubernetes-list-type'];
  const item = schema.items;
  if (listType === undefined || !item) return;
  const isScalar = item.type !== 'object' && item.type !== 'array';
  const isAtomic = item['x-kubernetes-map-type'] === 'atomic' || item['x-kubernetes-list-type'] === 'atomic';
  if (listType === 'set' && !isScalar && !isAtomic) throw new SchemaError(path, 'a set holds only scalars or atomic parts');
  if (listType === 'map') checkKeys(schema['x-kubernetes-list-map-keys'] ?? [], item, path);
}

function checkKeys(keys: readonly string[], item: StructuralSchema, path: string): void {
  if (keys.length === 0 || item.type !== 'object') throw new SchemaError(path, "a list of type 'map' holds objects and names their keys");
  for (const key of keys) {
    const field = item.properties?.[key];
    if (!field) throw new SchemaError(path, `the key "${key}" is not a field of the elements`);
    if (!item.required?.includes(key) && field.default === undefined) {
      throw new SchemaError(path, `the key "${key}" must be required or have a default`);
    }
  }
}
