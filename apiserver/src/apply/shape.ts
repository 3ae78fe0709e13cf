import { isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { own } from '../json/plain-json.ts';
import { objectMetaSchema } from '../patch/object-meta-schema.ts';

/**
 * A schema reduced to what ownership depends on: which objects and lists are owned piece by piece. An object where `map` is missing,
 * or a list where `list` is, is a leaf: owned and replaced whole, as scalars are.
 */
export interface Shape {
  map?: MapShape;
  list?: ListShape;
}

export interface MapShape {
  fields: ReadonlyMap<string, Field>;
  /** The same fields by their name in a field set (`f:spec`). */
  byKey: ReadonlyMap<string, Field>;
  /** Shape of what is not among the fields. */
  rest: Shape;
  /** Whether anything may stand beside the fields. */
  isOpen: boolean;
}

export interface Field {
  key: string;
  shape: Shape;
  /** `nothing`: no writer ever owns it, the server does. `parts`: what is in it has owners, it itself has none. */
  tracks: 'nothing' | 'parts' | 'all';
}

export interface ListShape {
  /** What tells items apart, sorted by name; undefined for a set, where the item itself does. */
  keys: readonly ListKey[] | undefined;
  item: Shape;
}

interface ListKey {
  name: string;
  prefix: string;
  default: Json | undefined;
}

const leaf: Shape = {};
const deduced: Shape = {};
deduced.map = { fields: new Map(), byKey: new Map(), rest: deduced, isOpen: true };

/** Compiling is pure, and a schema never changes once it is served: each is compiled once. */
const compiled = new WeakMap<StructuralSchema, Shape>();

/** The shape of a whole object of a kind with this schema. */
export function shapeOf(schema: StructuralSchema): Shape {
  const known = compiled.get(schema);
  if (known) return known;
  const shape: Shape = { map: mapShape(withIdentity(schema), serverFields, 'parts') };
  compiled.set(schema, shape);
  return shape;
}

const serverFields = new Set(['apiVersion', 'kind']);
const serverMetadata = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'clusterName',
  'managedFields',
]);
export const isServerMetadata = (name: string): boolean => serverMetadata.has(name);

/** Every object, and every embedded one, has these three whatever its schema says. */
const withIdentity = (schema: StructuralSchema): StructuralSchema => ({
  ...schema,
  properties: { ...schema.properties, apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: objectMetaSchema },
});

function compile(schema: StructuralSchema): Shape {
  if (schema['x-kubernetes-int-or-string']) return leaf;
  if (schema['x-kubernetes-embedded-resource']) return { map: mapShape(withIdentity(schema)) };
  if (schema.type === 'array') {
    const list = listShape(schema);
    return list ? { list } : leaf;
  }
  if (schema['x-kubernetes-map-type'] === 'atomic') return leaf;
  if (schema.type === 'object' || schema.properties) return { map: mapShape(schema) };
  return schema['x-kubernetes-preserve-unknown-fields'] ? deduced : leaf;
}

function mapShape(schema: StructuralSchema, untracked: ReadonlySet<string> = new Set(), metadata: 'parts' | 'all' = 'all'): MapShape {
  const fields = new Map<string, Field>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isOwnMetadata = name === 'metadata' && metadata === 'parts';
    const shape = isOwnMetadata ? { map: mapShape(property, serverMetadata) } : compile(property);
    fields.set(name, { key: `f:${name}`, shape, tracks: untracked.has(name) ? 'nothing' : isOwnMetadata ? 'parts' : 'all' });
  }
  const more = schema.additionalProperties;
  const isOpen = isObject(more) || more === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const rest = typeof more === 'object' ? compile(more) : deduced;
  return { fields, byKey: new Map(Array.from(fields.values(), (field) => [field.key, field])), rest, isOpen };
}

/** Undefined for a list that is replaced whole. Kubernetes' own kinds may say by their patch strategy alone how a list merges. */
function listShape(schema: StructuralSchema): ListShape | undefined {
  const items = schema.items ?? {};
  const type = schema['x-kubernetes-list-type'];
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  if (type === 'map') return { keys: listKeys(schema['x-kubernetes-list-map-keys'] ?? [], items), item: compile(items) };
  if (type === 'set') return { keys: undefined, item: leaf };
  if (type === 'atomic' || !schema['x-kubernetes-patch-strategy']?.split(',').includes('merge')) return undefined;
  return mergeKey ? { keys: listKeys([mergeKey], items), item: compile(items) } : { keys: undefined, item: leaf };
}

const listKeys = (names: readonly string[], items: StructuralSchema): ListKey[] =>
  [...names].sort().map((name) => ({ name, prefix: `${JSON.stringify(name)}:`, default: items.properties?.[name]?.default }));

/** How a field set names an item (`k:{"name":"x"}`, `v:"x"`); undefined for an item that cannot be told apart. */
export function itemKey(list: ListShape, item: Json): string | undefined {
  if (!list.keys) return typeof item === 'object' ? undefined : `v:${JSON.stringify(item)}`;
  if (!isObject(item)) return undefined;
  let key = 'k:{';
  for (const { name, prefix, default: fallback } of list.keys) {
    const value = own(item, name) ?? fallback;
    if (value === undefined) return undefined;
    if (key !== 'k:{') key += ',';
    key += prefix + JSON.stringify(value);
  }
  return `${key}}`;
}

/** The shape under one name of a field set. */
export function shapeUnder(shape: Shape, key: string): Shape {
  if (key.startsWith('f:')) return shape.map ? (shape.map.byKey.get(key)?.shape ?? shape.map.rest) : leaf;
  return key.startsWith('k:') && shape.list ? shape.list.item : leaf;
}

export const isEmptyObject = (object: JsonObject): boolean => {
  for (const _ in object) return false;
  return true;
};
