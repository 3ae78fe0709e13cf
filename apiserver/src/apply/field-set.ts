import { isObject, type Json, type JsonObject } from '@river/crds';

/**
 * A set of fields, as FieldsV1 writes it and kept in that very form: `f:` a field, `k:` the item with these keys, `v:` the item of this
 * value, `i:` the item at this place; `{}` or a `.` says that the node itself is in the set. A set is never empty: no set is undefined.
 * Sets are never changed in place and share what they have in common.
 */
export type FieldSet = JsonObject;

export const isMember = (node: FieldSet): boolean => {
  if (node['.'] !== undefined) return true;
  for (const _ in node) return false;
  return true;
};

const child = (node: FieldSet, key: string): FieldSet | undefined => node[key] as FieldSet | undefined; // nodes hold only nodes

/** What is in either. */
export function union(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b || a === b) return a ?? b;
  return unite(a, b);
}

function unite(a: FieldSet, b: FieldSet): FieldSet {
  const asMember = isMember(a) || isMember(b);
  const result: FieldSet = {};
  let children = 0;
  let grew = isMember(a) !== asMember;
  if (asMember) result['.'] = {};
  for (const key in a) {
    if (key === '.') continue;
    const mine = child(a, key) as FieldSet; // a key that was just listed has a value
    const theirs = child(b, key);
    const both = theirs && theirs !== mine ? unite(mine, theirs) : mine;
    if (both !== mine) grew = true;
    result[key] = both;
    children++;
  }
  for (const key in b) {
    if (key === '.' || key in result) continue;
    result[key] = child(b, key) as FieldSet;
    grew = true;
    children++;
  }
  if (!grew) return a;
  return children === 0 ? {} : result;
}

/** What is in `a` and not in `b`. Answers `a` itself when nothing goes. */
export function minus(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return a;
  const memberGoes = isMember(a) && isMember(b);
  let changes: Map<string, FieldSet | undefined> | undefined;
  for (const key in b) {
    const mine = key === '.' ? undefined : child(a, key);
    if (!mine) continue;
    const left = minus(mine, child(b, key));
    if (left === mine) continue;
    changes ??= new Map();
    changes.set(key, left);
  }
  if (!memberGoes && !changes) return a;
  return rebuilt(a, changes, isMember(a) && !memberGoes);
}

/** What of `a` is neither in `b` nor below anything that is. Answers `a` itself when nothing goes. */
export function outside(a: FieldSet | undefined, b: FieldSet): FieldSet | undefined {
  if (!a || isMember(b)) return undefined;
  let changes: Map<string, FieldSet | undefined> | undefined;
  for (const key in b) {
    const mine = child(a, key);
    const left = mine && outside(mine, child(b, key) as FieldSet); // a key that was just listed has a value
    if (left === mine) continue;
    changes ??= new Map();
    changes.set(key, left);
  }
  return changes ? rebuilt(a, changes, isMember(a)) : a;
}

function rebuilt(a: FieldSet, changes: ReadonlyMap<string, FieldSet | undefined> | undefined, asMember: boolean): FieldSet | undefined {
  const result: FieldSet = {};
  if (asMember) result['.'] = {};
  let children = 0;
  for (const key in a) {
    if (key === '.') continue;
    const kept = changes?.has(key) ? changes.get(key) : child(a, key);
    if (!kept) continue;
    result[key] = kept;
    children++;
  }
  if (children > 0) return result;
  return asMember ? {} : undefined;
}

/** What is in both. */
export function intersection(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return undefined;
  const asMember = isMember(a) && isMember(b);
  const result: FieldSet = {};
  if (asMember) result['.'] = {};
  let children = 0;
  for (const key in b) {
    const both = key === '.' ? undefined : intersection(child(a, key), child(b, key));
    if (!both) continue;
    result[key] = both;
    children++;
  }
  if (children > 0) return result;
  return asMember ? {} : undefined;
}

/** The set without, or with only, the named children of its root. */
export function pickRoot(set: FieldSet | undefined, isWanted: (key: string) => boolean): FieldSet | undefined {
  if (!set) return undefined;
  const result: FieldSet = {};
  let isWhole = true;
  let isEmpty = true;
  for (const key in set) {
    if (isWanted(key)) {
      result[key] = child(set, key) as FieldSet;
      isEmpty = false;
    } else isWhole = false;
  }
  if (isWhole) return set;
  return isEmpty ? undefined : result;
}

/** Checks a FieldsV1 from outside and brings its names into their one form. Names of unknown kinds are left out, as Kubernetes does. */
export function parseFieldSet(fields: Json): FieldSet | undefined {
  const node = parseNode(fields, true);
  return node && !(isObject(node) && Object.keys(node).length === 0) ? node : undefined;
}

function parseNode(fields: Json, isRoot: boolean): FieldSet | undefined {
  if (!isObject(fields)) throw new SyntaxError('a field set must be made of objects');
  const result: FieldSet = {};
  let dropped = false;
  for (const [key, value] of Object.entries(fields)) {
    const name = canonicalName(key);
    const node = name === undefined || (isRoot && name === '.') ? undefined : parseNode(value, false);
    if (name === undefined || node === undefined) dropped = true;
    else result[name] = name === '.' ? {} : node;
  }
  const names = Object.keys(result);
  if (names.length === 0 && dropped) return undefined;
  return names.length === 1 && names[0] === '.' ? {} : result;
}

/** @throws SyntaxError for a name whose key or value is not what its prefix promises. */
function canonicalName(name: string): string | undefined {
  if (name === '.' || name.startsWith('f:')) return name;
  if (name.startsWith('v:')) return `v:${scalar(JSON.parse(name.slice(2)))}`;
  if (name.startsWith('i:')) {
    if (!/^i:-?\d+$/.test(name)) throw new SyntaxError(`not an index: ${name}`);
    return name;
  }
  if (!name.startsWith('k:')) return undefined;
  const keys: unknown = JSON.parse(name.slice(2));
  if (!isObject(keys)) throw new SyntaxError(`not the keys of an item: ${name}`);
  const sorted = Object.keys(keys).sort();
  return `k:{${sorted.map((key) => `${JSON.stringify(key)}:${scalar(keys[key])}`).join(',')}}`;
}

function scalar(value: unknown): string {
  if (typeof value === 'object' && value !== null) throw new SyntaxError('only scalars tell items apart');
  return JSON.stringify(value);
}

/** Every field of the set as people write it: `.spec.ports[port=80,protocol="TCP"].name`, in order. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const keys = Object.keys(set)
    .filter((key) => key !== '.')
    .sort();
  const members = keys.filter((key) => isMember(child(set, key) as FieldSet)).map((key) => prefix + pathElement(key));
  return [...members, ...keys.flatMap((key) => pathsOf(child(set, key) as FieldSet, prefix + pathElement(key)))];
}

function pathElement(key: string): string {
  const rest = key.slice(2);
  if (key.startsWith('f:')) return `.${rest}`;
  if (key.startsWith('v:')) return `[=${rest}]`;
  if (key.startsWith('i:')) return `[${rest}]`;
  const keys: JsonObject = JSON.parse(rest);
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
