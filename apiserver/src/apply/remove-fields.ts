import { isObject, type Json, type JsonObject } from '@river/crds';
import { put } from '../json/plain-json.ts';
import { type FieldSet, isMember } from './field-set.ts';
import { itemKey, type ListShape, type MapShape, type Shape, shapeUnder } from './shape.ts';

/** The value without the fields of the set and all that is in them. What is left empty stays, empty. */
export function removeFields(shape: Shape, value: Json, set: FieldSet): Json {
  if (shape.map && isObject(value)) return withoutFields(shape.map, value, set);
  if (shape.list && Array.isArray(value)) return withoutItems(shape.list, value, set);
  return value;
}

function withoutFields(map: MapShape, value: JsonObject, set: FieldSet): JsonObject {
  const result: JsonObject = {};
  for (const [name, child] of Object.entries(value)) {
    const node = set[`f:${name}`] as FieldSet | undefined; // nodes hold only nodes
    if (!node) put(result, name, child);
    else if (!isMember(node)) put(result, name, removeFields(map.fields.get(name)?.shape ?? map.rest, child, node));
  }
  return result;
}

function withoutItems(list: ListShape, items: Json[], set: FieldSet): Json[] {
  const result: Json[] = [];
  for (const item of items) {
    const key = itemKey(list, item);
    const node = key === undefined ? undefined : (set[key] as FieldSet | undefined); // nodes hold only nodes
    if (!node) result.push(item);
    else if (!isMember(node)) result.push(removeFields(list.item, item, node));
  }
  return result;
}

/**
 * The set with every named container that it reaches into. Such containers have no owner of their own in an applied set,
 * yet they go with the last thing that was applied in them.
 */
export function withContainers(shape: Shape, set: FieldSet): FieldSet {
  const result: FieldSet = {};
  for (const key in set) {
    const node = set[key] as FieldSet; // nodes hold only nodes
    if (key === '.' || isLeaf(node)) {
      result[key] = node;
      continue;
    }
    const inside = withContainers(shapeUnder(shape, key), node);
    result[key] = shape.map?.byKey.has(key) && !inside['.'] ? { '.': {}, ...inside } : inside;
  }
  return result;
}

const isLeaf = (node: FieldSet): boolean => {
  for (const _ in node) return false;
  return true;
};

/** The set as the schema of today sees it: what was owned piece by piece in a part that is now a leaf is owned as that leaf. */
export function reshaped(shape: Shape, set: FieldSet): FieldSet {
  let result: FieldSet | undefined;
  for (const key in set) {
    const node = set[key] as FieldSet; // nodes hold only nodes
    if (key === '.' || isLeaf(node)) continue;
    const under = shapeUnder(shape, key);
    const now = under.map || under.list ? reshaped(under, node) : {};
    if (now === node) continue;
    result ??= { ...set };
    result[key] = now;
  }
  return result ?? set;
}
