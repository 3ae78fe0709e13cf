import type { StoreEvent } from '../store/store.ts';
import type { HistoryLimits } from './event-history.ts';
import { type FedCache, type ObjectCache, objectCache } from './object-cache.ts';
import type { Snapshot } from './read-store.ts';

/** The caches of all resources. One comes into being with the first question about its prefix, or the first object under it. */
export interface CacheSet {
  at(prefix: string): ObjectCache;
  /** Called with every cache there is, and with each new one. */
  onCache(listener: (cache: ObjectCache) => void): void;
  /** Replaces everything in one step, so that no reader sees the caches half filled. What follows is complete after `floor`. */
  show(snapshot: Snapshot, floor: bigint): void;
  /** Events from before the snapshot, for those who ask what they missed. */
  prime(events: readonly StoreEvent[]): void;
  apply(events: readonly StoreEvent[]): void;
}

const prefixOf = (key: string): string => key.slice(0, key.indexOf('/', key.indexOf('/') + 1) + 1);

export function cacheSet(limits: HistoryLimits): CacheSet {
  const caches = new Map<string, FedCache>();
  const listeners = new Set<(cache: ObjectCache) => void>();
  let historyFloor = 0n;

  const at = (prefix: string): FedCache => {
    const known = caches.get(prefix);
    if (known) return known;
    const fresh = objectCache(prefix, limits, historyFloor);
    caches.set(prefix, fresh);
    for (const listener of listeners) listener(fresh);
    return fresh;
  };
  return {
    at,
    onCache(listener) {
      listeners.add(listener);
      for (const cache of caches.values()) listener(cache);
    },
    show({ entries }, floor) {
      historyFloor = floor;
      for (const cache of caches.values()) cache.clear(floor);
      for (const { key, value, revision } of entries) at(prefixOf(key)).load(key, value, revision);
    },
    prime(events) {
      for (const event of events) at(prefixOf(event.key)).prime(event);
    },
    apply(events) {
      for (const [prefix, group] of byPrefix(events)) at(prefix).apply(group);
    },
  };
}

function byPrefix(events: readonly StoreEvent[]): Map<string, StoreEvent[]> {
  const groups = new Map<string, StoreEvent[]>();
  for (const event of events) {
    const prefix = prefixOf(event.key);
    const group = groups.get(prefix);
    if (group) group.push(event);
    else groups.set(prefix, [event]);
  }
  return groups;
}
