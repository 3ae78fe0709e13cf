import { assertTxn } from './assert-txn.ts';
import { fanOut, type HistoryPage } from './fan-out.ts';
import { compareKeys } from './keys.ts';
import { sortedKeys } from './sorted-keys.ts';
import {
  type Check,
  type ListPage,
  type Store,
  type StoredEntry,
  StoreError,
  type StoreEvent,
  type TxnResult,
  type Write,
} from './store.ts';

interface Version {
  revision: bigint;
  /** null: deleted. */
  value: Uint8Array | null;
}

/** A Store that lives as long as the process: for tests and the simulator. It keeps all history until told to compact. */
export function memoryStore(): Store {
  const table = versionTable();
  const watchers = fanOut(async (_prefix, after) => table.history(after));
  let isClosed = false;

  const assertOpen = (signal?: AbortSignal): void => {
    signal?.throwIfAborted();
    if (isClosed) throw new StoreError('Closed', 'the store is closed');
  };

  return {
    async get(key, signal) {
      assertOpen(signal);
      return table.entryAt(key, table.revision());
    },
    async list(prefix, page = {}, signal) {
      assertOpen(signal);
      return table.list(prefix, page);
    },
    async count(prefix, signal) {
      assertOpen(signal);
      return table.list(prefix, {}).entries.length;
    },
    async txn(checks, writes, signal) {
      assertTxn(checks, writes);
      assertOpen(signal);
      const failed = table.conflicts(checks);
      if (failed.size > 0) return { ok: false, revision: table.revision(), conflicts: failed } satisfies TxnResult;
      const events = table.write(writes);
      if (events.length > 0) watchers.publish(events, table.revision());
      return { ok: true, revision: events[0]?.revision ?? table.revision() };
    },
    watch(prefix, fromRevision, watcher) {
      assertOpen();
      return watchers.watch(prefix, fromRevision, watcher);
    },
    async currentRevision(signal) {
      assertOpen(signal);
      return table.revision();
    },
    async compact(revision) {
      assertOpen();
      table.compact(revision);
    },
    async close() {
      isClosed = true;
      watchers.end(new StoreError('Closed', 'the store is closed'));
    },
  };
}

function versionTable() {
  const versions = new Map<string, Version[]>();
  const keys = sortedKeys();
  let log: StoreEvent[] = [];
  let revision = 1n;
  let compacted = 0n;

  const entryAt = (key: string, at: bigint): StoredEntry | undefined => {
    const version = versions.get(key)?.findLast((each) => each.revision <= at);
    return version?.value ? { key, value: version.value, revision: version.revision } : undefined;
  };

  const assertKept = (at: bigint): void => {
    if (at < compacted) throw new StoreError('Compacted', `revision ${at} is no longer kept: history starts at ${compacted}`);
  };

  const assertHappened = (at: bigint): void => {
    if (at > revision) throw new StoreError('FutureRevision', `revision ${at} has not happened: the newest is ${revision}`);
  };

  const put = ({ key, value }: Write): StoreEvent => {
    const previous = entryAt(key, revision) ?? null;
    let history = versions.get(key);
    if (!history) {
      history = [];
      versions.set(key, history);
      keys.add(key);
    }
    history.push({ revision, value });
    return { type: value === null ? 'delete' : 'put', key, value, previous, revision };
  };

  /** Drops the versions of a key that no list at `compacted` or later can see. */
  const trim = (key: string): void => {
    const history = versions.get(key) ?? [];
    const newest = history.findLastIndex((each) => each.revision <= compacted);
    history.splice(0, history[newest]?.value === null ? newest + 1 : newest);
    if (history.length > 0) return;
    versions.delete(key);
    keys.delete(key);
  };

  return {
    revision: () => revision,
    entryAt,
    list(prefix: string, { limit = 0, after = '', revision: at = revision }: ListPage) {
      assertKept(at);
      assertHappened(at);
      const entries: StoredEntry[] = [];
      for (const key of keys.from(compareKeys(after, prefix) > 0 ? after : prefix)) {
        if (!key.startsWith(prefix)) break;
        const entry = key === after ? undefined : entryAt(key, at);
        if (entry && limit > 0 && entries.length >= limit) return { entries, revision: at, more: true };
        if (entry) entries.push(entry);
      }
      return { entries, revision: at, more: false };
    },
    conflicts(checks: readonly Check[]) {
      const failed = new Map<string, StoredEntry | undefined>();
      for (const check of checks) {
        const entry = entryAt(check.key, revision);
        if ((entry?.revision ?? 0n) !== check.revision) failed.set(check.key, entry);
      }
      return failed;
    },
    write(writes: readonly Write[]): StoreEvent[] {
      const effective = writes.filter(({ key, value }) => value !== null || entryAt(key, revision));
      if (effective.length === 0) return [];
      revision += 1n;
      const events = effective.map(put);
      log.push(...events);
      return events;
    },
    history(after: bigint): HistoryPage {
      assertKept(after);
      const start = log.findLastIndex((event) => event.revision <= after) + 1;
      return { events: log.slice(start), upTo: revision, complete: true };
    },
    compact(at: bigint) {
      assertHappened(at);
      if (at <= compacted) return;
      compacted = at;
      const kept = log.findLastIndex((event) => event.revision <= at) + 1;
      for (const { key } of log.slice(0, kept)) if (versions.has(key)) trim(key);
      log = log.slice(kept);
    },
  };
}
