import { assertTxn } from './assert-txn.ts';
import { fanOut } from './fan-out.ts';
import { type Store, StoreError, type TxnResult } from './store.ts';
import { versionTable } from './version-table.ts';

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
