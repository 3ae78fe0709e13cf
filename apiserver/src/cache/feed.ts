import { type Clock, sleep } from '@river/runtime';
import type { Store, StoreError, StoreEvent, Watch } from '../store/store.ts';
import { cacheSet } from './cache-set.ts';
import type { HistoryLimits } from './event-history.ts';
import type { ObjectCache } from './object-cache.ts';
import { listAll, readPast } from './read-store.ts';
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
  clock: Clock;
  history: HistoryLimits;
  /** How many revisions of the past to load, so that watchers survive a restart of the server. */
  primeRevisions: number;
  pageSize: number;
  retryMs: number;
  /** When it is aborted a feed that has lost its store does not look for it any more. */
  signal: AbortSignal;
  onTrouble: (error: unknown) => void;
}

export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { store } = options;
  const caches = cacheSet(options.history);
  const gate = revisionGate(options.clock);
  const resetListeners = new Set<() => void>();
  let watch: Watch | null = null;
  let isLive = false;
  let isClosed = false;

  const follow = (revision: bigint) => {
    isLive = true;
    gate.advance(revision);
    watch = store.watch('', revision, { onEvents, onEnd });
  };
  const onEvents = (events: readonly StoreEvent[], upTo: bigint) => {
    caches.apply(events);
    gate.advance(upTo);
  };
  const onEnd = (error: StoreError) => {
    isLive = false;
    if (!isClosed) void restart(error);
  };
  /** Without history: every watcher starts again from the list that it has to make now, and sees nothing from beyond the gap before. */
  const restart = async (error: unknown) => {
    options.onTrouble(error);
    while (!isClosed && !options.signal.aborted) {
      try {
        const snapshot = await listAll(store, options.pageSize);
        if (isClosed) return;
        caches.show(snapshot, snapshot.revision);
        for (const listener of resetListeners) listener();
        return follow(snapshot.revision);
      } catch (failure) {
        options.onTrouble(failure);
        await sleep(options.clock, options.retryMs, options.signal).catch(() => undefined);
      }
    }
  };

  const snapshot = await listAll(store, options.pageSize);
  const past = await readPast(store, snapshot.revision, { revisions: options.primeRevisions, limits: options.history });
  caches.show(snapshot, past.floor);
  caches.prime(past.events);
  follow(snapshot.revision);
  return {
    cacheOf: caches.at,
    onCache: caches.onCache,
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
