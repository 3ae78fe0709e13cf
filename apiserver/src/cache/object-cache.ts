import { nameUnder } from '../object/object-key.ts';
import type { StoreEvent } from '../store/store.ts';
import { atRevision, type CachedObject, cacheObject } from './cached-object.ts';
import { eventHistory, type HistoryLimits } from './event-history.ts';
import { sortedKeys } from './sorted-keys.ts';

/** A change of one object, in the form that every watcher shares. `object` is the state after it; for a delete, the last state. */
export interface CacheEvent {
  readonly isDelete: boolean;
  readonly object: CachedObject;
  readonly previous: CachedObject | undefined;
  readonly revision: bigint;
}

/** Gets whole revisions. */
export type CacheListener = (events: readonly CacheEvent[]) => void;

/**
 * All objects of one resource, in memory, and its most recent changes. The feed is the only writer.
 * It knows nothing of kinds or schemas: objects stand here in their storage version.
 */
export interface ObjectCache {
  readonly prefix: string;
  readonly size: number;
  get(key: string): CachedObject | undefined;
  /** Objects whose key starts with `under`, in key order, after the key `after`. */
  range(under: string, after?: string): CachedObject[];
  /** Changes after `revision`; null when the cache no longer has all of them. */
  eventsAfter(revision: bigint): readonly CacheEvent[] | null;
  listen(listener: CacheListener): () => void;
  /** Raised when the schema changes: an object of an older epoch is normalised before it is shown. */
  epoch: number;
}

export interface FedCache extends ObjectCache {
  load(key: string, value: Uint8Array, revision: bigint): void;
  /** Events of the past, only for `eventsAfter`. */
  prime(event: StoreEvent): void;
  apply(events: readonly StoreEvent[]): void;
  /** Forgets all: what is loaded, primed and applied from now on is complete after `floor`. */
  clear(floor: bigint): void;
}

const unknownEpoch = -1;

export function objectCache(prefix: string, limits: HistoryLimits, floor: bigint): FedCache {
  const objects = new Map<string, CachedObject>();
  const keys = sortedKeys();
  const history = eventHistory(limits, floor);
  const listeners = new Set<CacheListener>();

  const decode = (key: string, value: Uint8Array, revision: bigint, epoch: number): CachedObject => {
    const { namespace, name } = nameUnder(prefix, key);
    return cacheObject(key, namespace, name, value, revision, epoch);
  };
  const changeOf = ({ key, value, revision }: StoreEvent, previous: CachedObject | undefined): CacheEvent | null => {
    if (value !== null) return { isDelete: false, object: decode(key, value, revision, cache.epoch), previous, revision };
    return previous ? { isDelete: true, object: atRevision(previous, revision), previous, revision } : null;
  };
  const hold = (object: CachedObject) => {
    if (!objects.has(object.key)) keys.add(object.key);
    objects.set(object.key, object);
  };
  const take = (event: StoreEvent): CacheEvent | null => {
    const change = changeOf(event, objects.get(event.key));
    if (!change) return null;
    if (!change.isDelete) hold(change.object);
    else if (objects.delete(event.key)) keys.remove(event.key);
    history.add(change);
    return change;
  };

  const cache: FedCache = {
    prefix,
    epoch: 0,
    get size() {
      return objects.size;
    },
    get: (key) => objects.get(key),
    range: (under, after) => keys.under(under, after).flatMap((key) => objects.get(key) ?? []),
    eventsAfter: history.after,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    load: (key, value, revision) => hold(decode(key, value, revision, unknownEpoch)),
    prime(event) {
      const { previous } = event;
      const before = previous ? decode(previous.key, previous.value, previous.revision, unknownEpoch) : undefined;
      const change = changeOf(event, before);
      if (change) history.add(change);
    },
    apply(events) {
      const changes = events.map(take).filter((change) => change !== null);
      if (changes.length > 0) for (const listener of listeners) listener(changes);
    },
    clear(newFloor) {
      objects.clear();
      keys.clear();
      history.clear(newFloor);
    },
  };
  return cache;
}
