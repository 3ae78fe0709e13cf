import { isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';

/**
 * Kubernetes' own kinds are read into typed structs by a real API server, where null is the same as nothing, and its clients send null for
 * what is empty. So the nulls that a schema does not allow are removed, in place, wherever the schema says what stands there.
 */
export function dropNulls(object: JsonObject, schema: StructuralSchema): void {
  for (const [field, value] of Object.entries(object)) {
    const at = schema.properties?.[field] ?? (isObject(schema.additionalProperties) ? schema.additionalProperties : undefined);
    if (!at) continue;
    if (value === null && !at.nullable) delete object[field];
    else dropBelow(value, at);
  }
}

function dropBelow(value: Json, schema: StructuralSchema): void {
  if (isObject(value)) dropNulls(value, schema);
  else if (Array.isArray(value) && schema.items) for (const item of value) dropBelow(item, schema.items);
}
