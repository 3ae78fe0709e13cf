import { type Check, type Store, StoreError, type Watcher, type Write } from '../store.ts';
import { type OpeningDeps, opening } from './opening.ts';
import type { Seals } from './seals.ts';

export interface SealedStoreOptions extends OpeningDeps {
  /** Where the sealed values are kept. */
  store: Store;
  seals: Seals;
}

/** A Store whose values under some prefixes are kept sealed; everything else passes by. */
export interface SealedStore extends Store {
  /** How many values stand there that do not open. They can be deleted, not overwritten: the right key may come back. */
  unreadable(): number;
  /** Resolves when nothing is under way any more that was sealed before this call. */
  writesSettled(): Promise<void>;
  /** Ends all watches when something could not be opened before, so that it is read again. */
  reopen(): void;
}

export function sealedStore(options: SealedStoreOptions): SealedStore {
  const { store, seals } = options;
  const open = opening(options);
  const underWay = new Set<Promise<unknown>>();
  const watches = endableWatches(store);

  const sealOne = (write: Write, checks: readonly Check[]): Write => {
    if (write.value === null || !seals.covers(write.key)) return write;
    if (open.isUnreadable(write.key, checks)) {
      throw new StoreError(
        'Unreadable',
        `${write.key} cannot be read, so it is not overwritten: put its key into the key ring, or delete it`,
      );
    }
    return { key: write.key, value: seals.seal(write.key, write.value) };
  };
  const sealedTxn: Store['txn'] = async (checks, writes, signal) => {
    const sealed = writes.map((write) => sealOne(write, checks));
    const work = store.txn(checks, sealed, signal);
    underWay.add(work);
    try {
      const result = await work;
      if (result.ok) return result;
      return { ...result, conflicts: new Map([...result.conflicts].map(([key, entry]) => [key, entry && open.entry(entry)])) };
    } finally {
      underWay.delete(work);
    }
  };

  return {
    ...store,
    async get(key, signal) {
      const entry = await store.get(key, signal);
      return entry && open.entry(entry);
    },
    async list(prefix, page, signal) {
      const result = await store.list(prefix, page, signal);
      return seals.reaches(prefix) ? { ...result, entries: result.entries.map(open.entry) } : result;
    },
    txn(checks, writes, signal) {
      const isCovered = writes.some(({ key }) => seals.covers(key)) || checks.some(({ key }) => seals.covers(key));
      return isCovered ? sealedTxn(checks, writes, signal) : store.txn(checks, writes, signal);
    },
    watch(prefix, fromRevision, watcher) {
      if (!seals.reaches(prefix)) return store.watch(prefix, fromRevision, watcher);
      return watches.watch(prefix, fromRevision, {
        onEvents: (events, upTo) => watcher.onEvents(open.events(events), upTo),
        onEnd: (error) => watcher.onEnd(error),
      });
    },
    unreadable: open.unreadable,
    writesSettled: async () => void (await Promise.allSettled([...underWay])),
    reopen() {
      if (open.unreadable() === 0) return;
      open.forget();
      watches.end(new StoreError('Lost', 'the key ring has changed: what could not be read is read again'));
    },
  };
}

/** Watches that can be ended from here too. */
function endableWatches(store: Pick<Store, 'watch'>) {
  const ends = new Set<(error: StoreError) => void>();
  const watch = (prefix: string, fromRevision: bigint, watcher: Watcher) => {
    const onEnd = (error: StoreError) => {
      if (ends.delete(end)) watcher.onEnd(error);
    };
    const end = (error: StoreError) => {
      inner.close();
      onEnd(error);
    };
    ends.add(end);
    const inner = store.watch(prefix, fromRevision, { onEvents: watcher.onEvents, onEnd });
    return {
      close() {
        ends.delete(end);
        inner.close();
      },
    };
  };
  return {
    watch,
    end(error: StoreError) {
      for (const end of [...ends]) end(error);
    },
  };
}
