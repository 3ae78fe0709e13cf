import { isObject, type Json, type JsonObject } from '@river/crds';
import { schemaRoot } from './meta-schemas.ts';

/**
 * The schema as swagger 2.0 can say it, and as older clients can read it: no alternatives, nothing nullable, and no fields listed where
 * unknown ones are kept, since such clients would refuse the unknown.
 */
export function fitV2(schema: JsonObject): JsonObject {
  const ref = referenced(schema);
  if (ref) return { ...(schema.description !== undefined && { description: schema.description }), $ref: ref };
  const { allOf, anyOf, oneOf, not, nullable, ...rest } = schema;
  if (nullable === true) return withoutShape(rest);
  if (rest['x-kubernetes-preserve-unknown-fields'] === true) return withoutFields(rest);
  if (rest.format === 'int-or-string') return { ...rest, type: 'string' };
  const { required, ...others } = rest;
  return { ...others, ...stillRequired(rest), ...below(rest) };
}

/** Version 3 wraps a reference to put a description beside it; version 2 allows it there. */
function referenced({ $ref, allOf }: JsonObject): string | undefined {
  const wrapped = Array.isArray(allOf) && isObject(allOf[0]) ? allOf[0].$ref : undefined;
  const ref = $ref ?? wrapped;
  return typeof ref === 'string' ? ref.replace(schemaRoot, '#/definitions/') : undefined;
}

function withoutFields({ items, properties, required: _, ...rest }: JsonObject): JsonObject {
  return rest;
}

function withoutShape(schema: JsonObject): JsonObject {
  const { type, additionalProperties, default: _, ...rest } = withoutFields(schema);
  return rest;
}

/** A field that may be null has lost its type, and could not be demanded of an older client. */
function stillRequired({ required, properties }: JsonObject): JsonObject {
  if (!Array.isArray(required)) return {};
  const mayBeNull = (name: Json) => {
    const field = isObject(properties) && typeof name === 'string' ? properties[name] : undefined;
    return isObject(field) && field.nullable === true;
  };
  const names = required.filter((name) => !mayBeNull(name));
  return names.length > 0 ? { required: names } : {};
}

function below({ properties, additionalProperties, items }: JsonObject): JsonObject {
  const fit = (value: Json): Json => (isObject(value) ? fitV2(value) : value);
  return {
    ...(isObject(properties) && { properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, fit(value)])) }),
    ...(isObject(additionalProperties) && { additionalProperties: fit(additionalProperties) }),
    ...(isObject(items) && { items: fit(items) }),
  };
}
