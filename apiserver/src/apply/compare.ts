import { isObject, type Json, type JsonObject } from '@river/crds';
import { equalJson } from '../json/plain-json.ts';
import type { FieldSet } from './field-set.ts';
import { appeared } from './owned-fields.ts';
import { isEmptyObject, itemKey, type ListShape, type MapShape, type Shape } from './shape.ts';

/** What a write did: fields that it set anew or otherwise, and fields that are gone. */
export interface Delta {
  changed: FieldSet | undefined;
  removed: FieldSet | undefined;
}

const none: Json[] = [];
const nothing: JsonObject = {};

/** Undefined when both are the same as far as anyone can own them (the order of keyed items is nobody's). */
export function compare(shape: Shape, before: Json, after: Json): Delta | undefined {
  if (before === after) return undefined;
  if (typeof before !== 'object' && typeof after !== 'object') return { changed: {}, removed: undefined };
  if (shape.map && isObjectOrNull(before) && isObjectOrNull(after)) {
    const bothEmpty = (!before || isEmptyObject(before)) && (!after || isEmptyObject(after));
    if (!bothEmpty) return compareFields(shape.map, before ?? nothing, after ?? nothing);
  } else if (shape.list && isListOrNull(before) && isListOrNull(after)) {
    const bothEmpty = (before?.length ?? 0) + (after?.length ?? 0) === 0;
    if (!bothEmpty) return equalJson(before, after) ? undefined : compareItems(shape.list, before ?? none, after ?? none);
  }
  if (equalJson(before, after)) return undefined;
  return { changed: appeared(shape, after), removed: withoutSelf(appeared(shape, before)) };
}

const isObjectOrNull = (value: Json): value is JsonObject | null => value === null || isObject(value);
const isListOrNull = (value: Json): value is Json[] | null => value === null || Array.isArray(value);

function withoutSelf(node: FieldSet): FieldSet | undefined {
  const { '.': _, ...children } = node;
  return isEmptyObject(children) ? undefined : children;
}

function compareFields(map: MapShape, before: JsonObject, after: JsonObject): Delta | undefined {
  const sum: Delta = { changed: undefined, removed: undefined };
  for (const name in after) {
    const is = after[name] as Json; // a key that was just listed has a value
    const was = before[name];
    if (is === was) continue;
    const field = map.fields.get(name);
    if (field?.tracks === 'nothing') continue;
    const shape = field ? field.shape : map.rest;
    const wasThere = was !== undefined && Object.hasOwn(before, name);
    note(sum, field ? field.key : `f:${name}`, wasThere ? compare(shape, was, is) : { changed: appeared(shape, is), removed: undefined });
  }
  for (const name in before) {
    if (Object.hasOwn(after, name)) continue;
    const field = map.fields.get(name);
    if (field?.tracks === 'nothing') continue;
    const gone = appeared(field ? field.shape : map.rest, before[name] as Json); // a key that was just listed has a value
    note(sum, field ? field.key : `f:${name}`, { changed: undefined, removed: gone });
  }
  return sum.changed || sum.removed ? sum : undefined;
}

function note(sum: Delta, key: string, delta: Delta | undefined): void {
  if (delta?.changed) {
    sum.changed ??= {};
    sum.changed[key] = delta.changed;
  }
  if (delta?.removed) {
    sum.removed ??= {};
    sum.removed[key] = delta.removed;
  }
}

function compareItems(list: ListShape, before: Json[], after: Json[]): Delta | undefined {
  const were = itemsByKey(list, before);
  const are = itemsByKey(list, after);
  const sum: Delta = { changed: undefined, removed: undefined };
  for (const key of new Set([...were.keys(), ...are.keys()])) {
    note(sum, key, compareItem(list.item, were.get(key) ?? none, are.get(key) ?? none));
  }
  return sum.changed || sum.removed ? sum : undefined;
}

/** Items of one key: normally one on each side. Several that share a key are one leaf. */
function compareItem(shape: Shape, were: Json[], are: Json[]): Delta | undefined {
  const [was] = were;
  const [is] = are;
  if (were.length <= 1 && are.length <= 1) {
    if (was === undefined) return is === undefined ? undefined : { changed: appeared(shape, is), removed: undefined };
    return is === undefined ? { changed: undefined, removed: appeared(shape, was) } : compare(shape, was, is);
  }
  if (were.length > 1 && are.length > 1) return equalJson(were, are) ? undefined : { changed: {}, removed: undefined };
  if (were.length > 1) return { changed: is === undefined ? undefined : appeared(shape, is), removed: is === undefined ? {} : undefined };
  return { changed: {}, removed: was === undefined ? undefined : withoutSelf(appeared(shape, was)) };
}

function itemsByKey(list: ListShape, items: Json[]): Map<string, Json[]> {
  const byKey = new Map<string, Json[]>();
  for (const item of items) {
    const key = itemKey(list, item);
    if (key === undefined) continue;
    const same = byKey.get(key);
    if (same) same.push(item);
    else byKey.set(key, [item]);
  }
  return byKey;
}
