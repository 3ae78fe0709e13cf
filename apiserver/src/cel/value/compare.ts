import type { Json } from '@river/crds';
import { CelError } from '../cel-error.ts';
import type { Budget } from '../evaluate/budget.ts';
import { plainJson } from './bind.ts';
import {
  Duration,
  isList,
  isMap,
  kindOf,
  type ListValue,
  type MapValue,
  type OpaqueValue,
  OptionalValue,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './value.ts';

const numeric = (value: Value): bigint | number | undefined => {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
};

/** Equality across types: numbers by value, lists of list-type set and map without order. Draws on the budget for what it walks. */
export const isEqual = (a: Value, b: Value, budget: Budget): boolean => {
  budget.work(1);
  if (a === b) return true;
  if (typeof a === 'string' && typeof b === 'string') {
    budget.spend(Math.min(a.length, b.length) * 0.1);
    return false;
  }
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    // biome-ignore lint/suspicious/noDoubleEquals: an int and a double of the same value are equal in CEL, as in JavaScript's loose equality.
    return right !== undefined && left == right;
  }
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  return isEqualObject(a, b, budget);
};

const isEqualObject = (a: Value & object, b: Value & object, budget: Budget): boolean => {
  const [left, right] = [plainJson(a), plainJson(b)];
  if (left && right) return isEqualJson(left, right, budget);
  if (isList(a)) return isList(b) && isEqualList(a, b, budget);
  if (isMap(a)) return isMap(b) && isEqualMap(a, b, budget);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.ns === b.ns;
  if (a instanceof Duration) return b instanceof Duration && a.ns === b.ns;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.typeName === b.typeName;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && isEqualBytes(a, b, budget);
  if (a instanceof OptionalValue) return b instanceof OptionalValue && isEqualOptional(a, b, budget);
  if (kindOf(a) !== kindOf(b)) return false;
  return (a as OpaqueValue).equals(b as OpaqueValue); // every other kind is opaque, and both are of the same one
};

/** As the values that it would become compare, without making them. */
const isEqualJson = (a: Json, b: Json, budget: Budget): boolean => {
  budget.work(1);
  if (a === b) return true;
  if (typeof a === 'string' && typeof b === 'string') budget.spend(Math.min(a.length, b.length) * 0.1);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && isEqualItems(a, b, budget);
  const keys = Object.keys(a);
  budget.work(keys.length);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqualMember(a[key], b[key], budget));
};

const isEqualItems = (a: readonly Json[], b: readonly Json[], budget: Budget): boolean =>
  a.length === b.length && a.every((item, index) => isEqualMember(item, b[index], budget));

const isEqualMember = (a: Json | undefined, b: Json | undefined, budget: Budget): boolean => {
  budget.spend(0.1);
  return a !== undefined && b !== undefined && isEqualJson(a, b, budget);
};

const isEqualOptional = (a: OptionalValue, b: OptionalValue, budget: Budget): boolean => {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return isEqual(a.value, b.value, budget);
};

const isEqualBytes = (a: Uint8Array, b: Uint8Array, budget: Budget): boolean => {
  budget.spend(Math.min(a.length, b.length) * 0.1);
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
};

const isEqualList = (a: ListValue, b: ListValue, budget: Budget): boolean => {
  if (a.size !== b.size) return false;
  const equality = a.equality.type === 'atomic' ? b.equality : a.equality;
  if (equality.type !== 'atomic') return containsAll(a, b, budget) && containsAll(b, a, budget);
  for (let index = 0; index < a.size; index++) {
    budget.spend(0.1);
    if (!isEqual(a.at(index), b.at(index), budget)) return false;
  }
  return true;
};

const isEqualMap = (a: MapValue, b: MapValue, budget: Budget): boolean => {
  budget.work(a.size);
  if (a.size !== b.size) return false;
  budget.work(a.size);
  for (const key of a.keys()) {
    budget.spend(0.1);
    const left = a.get(key);
    const right = b.get(key);
    if (left === undefined || right === undefined || !isEqual(left, right, budget)) return false;
  }
  return true;
};

export const listContains = (list: ListValue, item: Value, budget: Budget): boolean => {
  for (let index = 0; index < list.size; index++) {
    budget.spend(1);
    if (isEqual(list.at(index), item, budget)) return true;
  }
  return false;
};

/** Whether every item of `inner` is in `outer`. */
export const containsAll = (outer: ListValue, inner: ListValue, budget: Budget): boolean => {
  for (let index = 0; index < inner.size; index++) {
    if (!listContains(outer, inner.at(index), budget)) return false;
  }
  return true;
};

/** Negative, zero or positive; NaN when a double has no order. @throws CelError for types without an order. */
export const compare = (a: Value, b: Value, budget: Budget): number => {
  const left = numeric(a);
  const right = numeric(b);
  if (left !== undefined && right !== undefined)
    return left < right ? -1 : left > right ? 1 : Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 0;
  if (typeof a === 'string' && typeof b === 'string') {
    budget.spend(Math.min(a.length, b.length) * 0.1);
    return compareStrings(a, b);
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  if (a instanceof Duration && b instanceof Duration) return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    budget.spend(Math.min(a.length, b.length) * 0.1);
    return Buffer.compare(a, b);
  }
  throw new CelError('no such overload');
};

/** By code point, as UTF-8 sorts, not by UTF-16 unit. */
const compareStrings = (a: string, b: string): number => {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a.charCodeAt(index) !== b.charCodeAt(index)) {
      const start = index > 0 && (a.charCodeAt(index) & 0xfc00) === 0xdc00 && (b.charCodeAt(index) & 0xfc00) === 0xdc00 ? index - 1 : index;
      return (a.codePointAt(start) ?? 0) - (b.codePointAt(start) ?? 0);
    }
  }
  return a.length - b.length;
};
