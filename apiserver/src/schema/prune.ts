import { isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { fieldPath } from './field-path.ts';
import { objectMetaSchema } from './object-meta-schema.ts';

/** Removes what the schema does not know, in place, and gives the paths of what it removed. */
export type Prune = (object: JsonObject) => string[];

/** How many removals are named; the rest is removed all the same. */
const mostNamed = 100;

interface Walk {
  path: (string | number)[];
  removed: string[];
}

type Visit = (value: Json, walk: Walk) => void;

const remove = (object: JsonObject, key: string, walk: Walk): void => {
  delete object[key];
  if (walk.removed.length < mostNamed) walk.removed.push(fieldPath([...walk.path, key]));
};

const eachItem = (items: Json[], visit: Visit, walk: Walk): void => {
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Json;
    if (typeof item !== 'object') continue;
    walk.path.push(at);
    visit(item, walk);
    walk.path.pop();
  }
};

/** Where the schema says nothing at all, an object keeps none of its fields. */
const removeAll: Visit = (value, walk) => {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) eachItem(value, removeAll, walk);
  else for (const key of Object.keys(value)) remove(value, key, walk);
};

const keepAll: Visit = () => undefined;

interface FieldVisits {
  known: Map<string, Visit>;
  /** For fields that are not in `known`; undefined: they are removed. */
  other: Visit | undefined;
}

const eachField = (object: JsonObject, visits: FieldVisits, walk: Walk): void => {
  for (const key in object) {
    const visit = visits.known.get(key) ?? visits.other;
    if (visit === undefined) {
      remove(object, key, walk);
      continue;
    }
    const value = object[key];
    if (typeof value !== 'object' || value === null || visit === keepAll) continue;
    walk.path.push(key);
    visit(value, walk);
    walk.path.pop();
  }
};

const fieldVisits = (schema: StructuralSchema): FieldVisits => {
  const known = new Map<string, Visit>();
  for (const [key, property] of Object.entries(schema.properties ?? {})) known.set(key, compileVisit(property));
  if (schema['x-kubernetes-embedded-resource']) {
    known.set('apiVersion', keepAll).set('kind', keepAll).set('metadata', pruneMetadata);
  }
  const values = schema.additionalProperties;
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (typeof values === 'object') return { known, other: compileVisit(values) };
  return { known, other: values === true ? (keeps ? keepAll : removeAll) : keeps ? keepAll : undefined };
};

const saysNothing = (schema: StructuralSchema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true && !schema.properties && !schema.items && !schema.additionalProperties;

/** Nothing inside a value of such a schema can be unknown, so nobody needs to look. */
const isScalar = (schema: StructuralSchema): boolean =>
  schema['x-kubernetes-int-or-string'] === true ||
  (schema.type !== undefined && schema.type !== 'object' && schema.type !== 'array' && !schema['x-kubernetes-preserve-unknown-fields']);

const compileVisit = (schema: StructuralSchema): Visit => {
  if (saysNothing(schema) && !schema['x-kubernetes-embedded-resource']) return keepAll;
  if (isScalar(schema)) return removeAll;
  const visits = fieldVisits(schema);
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const items = schema.items ? compileVisit(schema.items) : preserves ? keepAll : removeAll;
  return (value, walk) => {
    if (Array.isArray(value)) eachItem(value, items, walk);
    else if (typeof value === 'object' && value !== null) eachField(value, visits, walk);
  };
};

/** In metadata null means absent, everywhere and always. */
const pruneMetadata: Visit = (value, walk) => {
  metadataVisit(value, walk);
  if (!isObject(value)) return;
  for (const key in value) if (value[key] === null) delete value[key];
};
const metadataVisit = compileVisit(objectMetaSchema);

/** The root of a resource keeps apiVersion, kind and metadata, whatever its schema says. */
export const compilePrune = (schema: StructuralSchema): Prune => {
  const visit = compileVisit({ ...schema, 'x-kubernetes-embedded-resource': true });
  return (object) => {
    const walk: Walk = { path: [], removed: [] };
    visit(object, walk);
    return walk.removed;
  };
};
