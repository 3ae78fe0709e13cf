import { isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { canonicalJson } from '../json/plain-json.ts';
import { type Check, fail, failForGoodAt, isFull } from './check.ts';
import { duplicate, invalidValue, tooMany } from './field-causes.ts';

const sizeCheck = ({ minItems, maxItems }: StructuralSchema): Check | undefined => {
  if (minItems === undefined && maxItems === undefined) return undefined;
  return (value, _old, run) => {
    const size = (value as Json[]).length;
    if (minItems !== undefined && size < minItems) {
      fail(run, (field) => invalidValue(field, size, `${field} in body should have at least ${minItems} items`));
    }
    if (maxItems !== undefined && size > maxItems) fail(run, (field) => tooMany(field, size, maxItems));
  };
};

const uniqueCheck: Check = (value, _old, run) => {
  const items = value as Json[];
  if (new Set(items.map(canonicalJson)).size === items.length) return;
  fail(run, (field) => invalidValue(field, null, `${field} in body shouldn't contain duplicates`));
};

/** What tells the items of a list apart: the keys of a map item, the whole of a set item. */
type Identity = (item: Json) => string;

const keysOf = (item: Json, keys: readonly string[]): JsonObject => {
  const found: JsonObject = {};
  if (isObject(item)) for (const key of keys) if (Object.hasOwn(item, key)) found[key] = item[key] as Json;
  return found;
};

const mapIdentity = (keys: readonly string[]): Identity => {
  const [only, another] = keys;
  if (only === undefined || another !== undefined) return (item) => canonicalJson(keysOf(item, keys));
  return (item) => {
    const key = isObject(item) && Object.hasOwn(item, only) ? item[only] : undefined;
    return typeof key === 'string' ? key : `\u0000${key === undefined ? '' : canonicalJson(key)}`;
  };
};

const distinctCheck = (identity: Identity, shown: (item: Json) => Json): Check => {
  return (value, _old, run) => {
    const items = value as Json[];
    if (items.length < 2) return;
    const seen = new Set<string>();
    const told = new Set<string>();
    items.forEach((item, at) => {
      const id = identity(item);
      if (seen.has(id) && !told.has(id)) {
        told.add(id);
        failForGoodAt(run, at, (field) => duplicate(field, shown(item)));
      }
      seen.add(id);
    });
  };
};

/** Pairs the items of a map list with what they were before; items of other lists have no identity over time. */
const pairing = (identity: Identity | undefined, old: Json | undefined): ((item: Json) => Json | undefined) => {
  if (!identity || !Array.isArray(old)) return () => undefined;
  const before = new Map(old.map((item) => [identity(item), item]));
  return (item) => before.get(identity(item));
};

const itemsCheck = (check: Check, identity: Identity | undefined): Check => {
  return (value, old, run) => {
    const items = value as Json[];
    const before = old === undefined ? undefined : pairing(identity, old);
    for (let at = 0; at < items.length && !isFull(run); at++) {
      const item = items[at] as Json;
      run.path.push(at);
      check(item, before?.(item), run);
      run.path.pop();
    }
  };
};

export const listChecks = (schema: StructuralSchema, itemCheck: Check | undefined): Check[] => {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const identity = listType === 'map' ? mapIdentity(keys) : undefined;
  const checks: Check[] = [];
  const size = sizeCheck(schema);
  if (size) checks.push(size);
  if (itemCheck) checks.push(itemsCheck(itemCheck, identity));
  if (schema.uniqueItems) checks.push(uniqueCheck);
  if (listType === 'set') checks.push(distinctCheck(canonicalJson, (item) => item));
  if (identity) checks.push(distinctCheck(identity, (item) => keysOf(item, keys)));
  return checks;
};
