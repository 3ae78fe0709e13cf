import type { KubeObject } from '@river/crds';
import type { WatchEvent } from '../client/watch-frames.ts';

export type Change<T> = { type: 'added'; object: T } | { type: 'updated'; object: T; previous: T } | { type: 'deleted'; object: T };

/** Under which values an object is found. */
export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

interface Entry<T> {
  object: T;
  seenAtMs: number;
}

/** The newest known revision of each object of one kind. Changes are returned, and each revision of an object is returned once. */
export interface ObjectCache<T extends KubeObject> {
  readonly size: number;
  /** All that happened up to here is in the cache; empty before the first list. */
  readonly resourceVersion: string;
  get(name: string, namespace?: string): T | undefined;
  list(): T[];
  byIndex(index: string, value: string): T[];
  seenAt(object: T): number | undefined;
  /** Takes an event of a watch; one that is older than the cache is a repetition and changes nothing. */
  apply(event: WatchEvent<T>, nowMs: number): Change<T>[];
  /** Takes a whole list as the truth: what it lacks has been deleted. */
  replace(objects: Iterable<T>, resourceVersion: string, nowMs: number): Change<T>[];
}

/** Resource versions are decimal numbers of up to 64 bits, so longer is larger. */
export const isOlder = (left: string, right: string): boolean => (left.length === right.length ? left < right : left.length < right.length);

const keyOf = (object: KubeObject) => nameKey(object.metadata.name, object.metadata.namespace);
const nameKey = (name: string, namespace?: string) => (namespace ? `${namespace}/${name}` : name);
const versionOf = (object: KubeObject) => object.metadata.resourceVersion ?? '';

export function objectCache<T extends KubeObject>(indexes: Indexes<T> = {}): ObjectCache<T> {
  const entries = new Map<string, Entry<T>>();
  const lookup = indexSet(indexes);
  let resourceVersion = '';

  const put = (object: T, nowMs: number): Change<T>[] => {
    const key = keyOf(object);
    const held = entries.get(key);
    if (held && versionOf(held.object) === versionOf(object)) return [];
    entries.set(key, { object, seenAtMs: nowMs });
    if (held) lookup.remove(key, held.object);
    lookup.add(key, object);
    if (!held) return [{ type: 'added', object }];
    if (held.object.metadata.uid === object.metadata.uid) return [{ type: 'updated', object, previous: held.object }];
    // Another object under the same name: the old one was deleted, even if nobody saw it.
    return [
      { type: 'deleted', object: held.object },
      { type: 'added', object },
    ];
  };
  const remove = (key: string, last?: T): Change<T>[] => {
    const held = entries.get(key);
    if (!held) return [];
    entries.delete(key);
    lookup.remove(key, held.object);
    return [{ type: 'deleted', object: last ?? held.object }];
  };

  return {
    get size() {
      return entries.size;
    },
    get resourceVersion() {
      return resourceVersion;
    },
    get: (name, namespace) => entries.get(nameKey(name, namespace))?.object,
    list: () => Array.from(entries.values(), (entry) => entry.object),
    byIndex: (index, value) => lookup.find(index, value),
    seenAt(object) {
      const held = entries.get(keyOf(object));
      return held && versionOf(held.object) === versionOf(object) ? held.seenAtMs : undefined;
    },
    apply(event, nowMs) {
      const version = versionOf(event.object);
      if (isOlder(version, resourceVersion)) return [];
      resourceVersion = version;
      if (event.type === 'BOOKMARK') return [];
      return event.type === 'DELETED' ? remove(keyOf(event.object), event.object) : put(event.object, nowMs);
    },
    replace(objects, version, nowMs) {
      const listed = new Map(Array.from(objects, (object) => [keyOf(object), object]));
      resourceVersion = version;
      const gone = [...entries.keys()].filter((key) => !listed.has(key)).flatMap((key) => remove(key));
      return [...gone, ...[...listed.values()].flatMap((object) => put(object, nowMs))];
    },
  };
}

function indexSet<T>(indexes: Indexes<T>) {
  const tables = new Map(Object.entries(indexes).map(([name, valuesOf]) => [name, { valuesOf, found: new Map<string, Map<string, T>>() }]));
  return {
    add(key: string, object: T) {
      for (const { valuesOf, found } of tables.values())
        for (const value of valuesOf(object)) {
          const members = found.get(value) ?? new Map<string, T>();
          found.set(value, members.set(key, object));
        }
    },
    remove(key: string, object: T) {
      for (const { valuesOf, found } of tables.values())
        for (const value of valuesOf(object)) {
          const members = found.get(value);
          members?.delete(key);
          if (members?.size === 0) found.delete(value);
        }
    },
    find(name: string, value: string): T[] {
      const table = tables.get(name);
      if (!table) throw new TypeError(`there is no index "${name}"`);
      return [...(table.found.get(value)?.values() ?? [])];
    },
  };
}
