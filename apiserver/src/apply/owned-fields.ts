import { isObject, type Json } from '@river/crds';
import type { FieldSet } from './field-set.ts';
import { isEmptyObject, itemKey, type ListShape, type MapShape, type Shape } from './shape.ts';

/**
 * `every`: each node of a value that appeared, containers too: what a create owns.
 * `said`: what a configuration claims: leaves, items and free keys, but no container merely because it holds something.
 */
type Extent = 'every' | 'said';

/** All fields of an object that appeared whole; undefined when it has none that can be owned. */
export const everyField = (shape: Shape, object: Json): FieldSet | undefined => {
  const node = nodeOf(shape, object, 'every', false);
  return node && !isEmptyObject(node) ? node : undefined;
};

/** The node of one value that appeared: itself, and all that it holds. */
export const appeared = (shape: Shape, value: Json): FieldSet => nodeOf(shape, value, 'every', true) ?? {};

/** The fields that an applied configuration claims; undefined when it claims none. */
export const saidFields = (shape: Shape, config: Json): FieldSet | undefined => {
  const node = nodeOf(shape, config, 'said', false);
  return node && !isEmptyObject(node) ? node : undefined;
};

function nodeOf(shape: Shape, value: Json, extent: Extent, asMember: boolean): FieldSet | undefined {
  if (Array.isArray(value)) {
    // An empty list is claimed, as an empty map is: otherwise to empty a list and to apply once more would not be the same.
    if (!shape.list || value.length === 0) return {};
    return itemsNode(shape.list, value, extent, asMember);
  }
  if (!shape.map || !isObject(value) || isEmptyObject(value)) return {};
  return fieldsNode(shape.map, value, extent, asMember);
}

function fieldsNode(map: MapShape, value: { [key: string]: Json }, extent: Extent, asMember: boolean): FieldSet | undefined {
  const node: FieldSet = asMember ? { '.': {} } : {};
  let isBare = !asMember;
  for (const key in value) {
    const field = map.fields.get(key);
    if (field?.tracks === 'nothing') continue;
    const inside = field ? extent === 'every' && field.tracks === 'all' : true;
    const child = nodeOf(field ? field.shape : map.rest, value[key] as Json, extent, inside); // a key that was just listed has a value
    if (!child) continue;
    node[field ? field.key : `f:${key}`] = child;
    isBare = false;
  }
  return isBare ? undefined : node;
}

function itemsNode(list: ListShape, items: Json[], extent: Extent, asMember: boolean): FieldSet {
  const node: FieldSet = asMember ? { '.': {} } : {};
  for (const item of items) {
    const key = itemKey(list, item);
    // Items that cannot be told apart are owned together, and whole.
    if (key !== undefined) node[key] = node[key] ? {} : (nodeOf(list.item, item, extent, true) ?? {});
  }
  return node;
}
