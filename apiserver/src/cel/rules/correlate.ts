import { isObject, type Json } from '@river/crds';
import type { ListEquality } from '../value/value.ts';

/** Finds for each item of a list the item that it was before; only items of list-type map have an identity. */
export const correlateItems = (old: Json | undefined, equality: ListEquality): ((item: Json) => Json | undefined) => {
  if (equality.type !== 'map' || !Array.isArray(old)) return () => undefined;
  const byKey = new Map(old.map((item) => [identity(item, equality.keys), item]));
  return (item) => byKey.get(identity(item, equality.keys));
};

const identity = (item: Json, keys: readonly string[]): string =>
  JSON.stringify(isObject(item) ? keys.map((key) => item[key] ?? null) : item);

export const isSameJson = (a: Json | undefined, b: Json | undefined): boolean => {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key], b[key]));
};
