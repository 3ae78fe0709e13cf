import { ApiError, isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { cloneJson, own, put } from '../json/plain-json.ts';
import { mergedList, orderedLike } from './merge-list.ts';
import { objectMetaSchema } from './object-meta-schema.ts';
import { deleteFrom, isDirective, setOrder, withoutDirectives } from './strategic-directives.ts';

/**
 * Kubernetes' strategic merge patch, for its own kinds: lists whose schema says `x-kubernetes-patch-strategy: merge` merge by their
 * `x-kubernetes-patch-merge-key` (or as sets of scalars), other lists are replaced; `$patch`, `$retainKeys`, `$setElementOrder/…` and
 * `$deleteFromPrimitiveList/…` direct. Neither argument is changed.
 * @throws ApiError `BadRequest` for a patch that contradicts itself or the schema
 */
export function strategicMergePatch(target: JsonObject, patch: Json, schema: StructuralSchema): JsonObject {
  if (!isObject(patch)) throw new ApiError('BadRequest', 'a strategic merge patch must be an object');
  const root: StructuralSchema = { ...schema, properties: { ...schema.properties, metadata: objectMetaSchema } };
  return mergedMap(cloneJson(target), patch, root);
}

const malformed = (reason: string) => new ApiError('BadRequest', reason);

/** One object under one patch; `target` is ours to change. */
function mergedMap(target: JsonObject, patch: JsonObject, schema: StructuralSchema | undefined): JsonObject {
  const directive = own(patch, '$patch');
  if (directive === 'replace') return withoutDirectives(patch) as JsonObject; // an object stays one
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw malformed(`unknown $patch directive: ${JSON.stringify(directive)}`);
  retainKeys(target, patch);
  for (const [key, change] of Object.entries(patch)) {
    if (!isDirective(key)) mergeField(target, key, change, patch, schema);
  }
  for (const [field, list] of directed(patch, deleteFrom)) deleteItems(target, field, list);
  for (const [field, list] of directed(patch, setOrder)) orderItems(target, field, list, own(patch, field), schema);
  return target;
}

function retainKeys(target: JsonObject, patch: JsonObject): void {
  const retained = own(patch, '$retainKeys');
  if (retained === undefined) return;
  if (!Array.isArray(retained)) throw malformed('$retainKeys must be a list');
  const keys = new Set(retained);
  for (const [key, change] of Object.entries(patch)) {
    if (!isDirective(key) && change !== null && !keys.has(key)) throw malformed(`$retainKeys does not name ${key}, which the patch sets`);
  }
  for (const key of Object.keys(target)) if (!keys.has(key)) delete target[key];
}

function mergeField(target: JsonObject, key: string, change: Json, patch: JsonObject, schema: StructuralSchema | undefined): void {
  if (change === null) {
    delete target[key];
    return;
  }
  const was = own(target, key);
  const under = schemaUnder(schema, key);
  put(target, key, mergedValue(was, change, under, own(patch, `${setOrder}${key}`)));
}

function mergedValue(was: Json | undefined, change: Json, schema: StructuralSchema | undefined, order: Json | undefined): Json {
  const strategies = schema?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
  if (isObject(change)) {
    return isObject(was) && !strategies.includes('replace') ? mergedMap(was, change, schema) : (withoutDirectives(change) ?? {});
  }
  if (!Array.isArray(change)) return change;
  if (!Array.isArray(was) || !strategies.includes('merge')) return withoutDirectives(change) ?? [];
  return mergedList(was, change, schema, order, (live, patch) => mergedMap(live, patch, schema?.items));
}

function deleteItems(target: JsonObject, field: string, list: Json): void {
  if (!Array.isArray(list)) throw malformed(`${deleteFrom}${field} must be a list`);
  const items = own(target, field);
  if (!Array.isArray(items)) return;
  const gone = new Set(list);
  const kept = items.filter((item) => !gone.has(item));
  put(target, field, kept);
}

function orderItems(target: JsonObject, field: string, order: Json, change: Json | undefined, schema: StructuralSchema | undefined): void {
  if (!Array.isArray(order)) throw malformed(`${setOrder}${field} must be a list`);
  const items = own(target, field);
  // A patch that also changes the list has been put in order while it merged.
  if (Array.isArray(items) && !Array.isArray(change)) put(target, field, orderedLike(items, items, order, schemaUnder(schema, field)));
}

function directed(patch: JsonObject, prefix: string): [string, Json][] {
  return Object.entries(patch).flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value] as [string, Json]] : [],
  );
}

function schemaUnder(schema: StructuralSchema | undefined, key: string): StructuralSchema | undefined {
  if (schema?.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
