import type { Store, StoredEntry, StoreError, StoreEvent, Watch } from '../store/store.ts';
import type { HistoryLimits } from './event-history.ts';
import { type FedCache, type ObjectCache, objectCache } from './object-cache.ts';
import { revisionGate } from './revision-gate.ts';

/**
 * The one stream from the store to all caches. Every API server has exactly one, so that however many clients watch,
 * the store is watched once.
 */
export interface Feed {
  /** The cache of one resource prefix; it exists from the first question on. */
  cacheOf(prefix: string): ObjectCache;
  /** Called with every cache there is, and with each new one. */
  onCache(listener: (cache: ObjectCache) => void): void;
  /** Everything at or below this revision is in the caches. */
  revision(): bigint;
  /** Resolves when {@link revision} has reached `revision`; false when the deadline came first. */
  reach(revision: bigint, deadlineMs: number): Promise<boolean>;
  /** Called after each batch that moved the revision. */
  onAdvance(listener: (revision: bigint) => void): () => void;
  /** Called when the caches had to be listed anew: watchers must start again. */
  onReset(listener: () => void): () => void;
  isLive(): boolean;
  close(): void;
}

export interface FeedOptions {
  store: Store;
  history: HistoryLimits;
  /** How many revisions of the past to load, so that watchers survive a restart of the server. */
  primeRevisions: number;
  pageSize: number;
  retryDelay: () => Promise<void>;
  onTrouble: (error: unknown) => void;
}

const prefixOf = (key: string): string => key.slice(0, key.indexOf('/', key.indexOf('/') + 1) + 1);

export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { store } = options;
  const caches = new Map<string, FedCache>();
  const gate = revisionGate();
  const resetListeners = new Set<() => void>();
  const cacheListeners = new Set<(cache: ObjectCache) => void>();
  let historyFloor = 0n;
  let watch: Watch | null = null;
  let isLive = false;
  let isClosed = false;

  const cacheAt = (prefix: string): FedCache => {
    const known = caches.get(prefix);
    if (known) return known;
    const fresh = objectCache(prefix, options.history);
    fresh.historyFrom(historyFloor);
    caches.set(prefix, fresh);
    for (const listener of cacheListeners) listener(fresh);
    return fresh;
  };
  const apply = (events: StoreEvent[], upTo: bigint) => {
    for (const [prefix, group] of byPrefix(events)) cacheAt(prefix).apply(group);
    gate.advance(upTo);
  };
  const load = async (): Promise<bigint> => {
    const { entries, revision } = await listAll(store, options.pageSize);
    for (const cache of caches.values()) cache.clear();
    for (const entry of entries) cacheAt(prefixOf(entry.key)).load(entry.key, entry.value, entry.revision);
    return revision;
  };
  const begin = async () => {
    const revision = await load();
    historyFloor = await prime(store, revision, options.primeRevisions, (event) => cacheAt(prefixOf(event.key)).prime(event));
    for (const cache of caches.values()) cache.historyFrom(historyFloor);
    isLive = true;
    gate.advance(revision);
    watch = store.watch('', revision, { onEvents: apply, onEnd });
  };
  const onEnd = (error: StoreError) => {
    isLive = false;
    if (!isClosed) void restart(error);
  };
  const restart = async (error: unknown) => {
    options.onTrouble(error);
    while (!isClosed) {
      try {
        await begin();
        for (const listener of resetListeners) listener();
        return;
      } catch (failure) {
        options.onTrouble(failure);
        await options.retryDelay();
      }
    }
  };

  await begin();
  return {
    cacheOf: cacheAt,
    onCache(listener) {
      cacheListeners.add(listener);
      for (const cache of caches.values()) listener(cache);
    },
    revision: gate.revision,
    reach: gate.reach,
    onAdvance: gate.onAdvance,
    onReset(listener) {
      resetListeners.add(listener);
      return () => resetListeners.delete(listener);
    },
    isLive: () => isLive,
    close() {
      isClosed = true;
      watch?.close();
    },
  };
}

/** Everything that the store holds, at one revision. */
async function listAll(store: Store, pageSize: number): Promise<{ entries: StoredEntry[]; revision: bigint }> {
  const first = await store.list('', { limit: pageSize });
  const { entries, revision } = first;
  let { more } = first;
  while (more) {
    const after = entries.at(-1)?.key ?? '';
    const page = await store.list('', { limit: pageSize, after, revision });
    for (const entry of page.entries) entries.push(entry);
    more = page.more;
  }
  return { entries, revision };
}

function byPrefix(events: StoreEvent[]): Map<string, StoreEvent[]> {
  const groups = new Map<string, StoreEvent[]>();
  for (const event of events) {
    const prefix = prefixOf(event.key);
    const group = groups.get(prefix);
    if (group) group.push(event);
    else groups.set(prefix, [event]);
  }
  return groups;
}

/** Plays the last `count` revisions up to `end` and returns the revision from which they are complete. */
function prime(store: Store, end: bigint, count: number, take: (event: StoreEvent) => void): Promise<bigint> {
  const start = end > BigInt(count) ? end - BigInt(count) : 0n;
  if (start === end) return Promise.resolve(end);
  return new Promise((resolve) => {
    let watch: Watch | null = null;
    let isDone = false;
    const finish = (from: bigint) => {
      isDone = true;
      watch?.close();
      resolve(from);
    };
    watch = store.watch('', start, {
      onEvents(events, upTo) {
        if (isDone) return;
        for (const event of events) if (event.revision <= end) take(event);
        if (upTo >= end) finish(start);
      },
      onEnd: () => {
        if (!isDone) finish(end);
      },
    });
    if (isDone) watch.close();
  });
}
