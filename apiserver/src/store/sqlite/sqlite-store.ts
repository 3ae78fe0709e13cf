import { abortable } from '../abortable.ts';
import { assertTxn } from '../assert-txn.ts';
import { fanOut, type HistoryPage } from '../fan-out.ts';
import { type ListPage, type ListResult, type Store, type StoredEntry, StoreError } from '../store.ts';
import { commitQueue } from './commit-queue.ts';
import type { Marks } from './database.ts';
import {
  type ErasureReply,
  type ErasureRequest,
  type HistoryReply,
  type ReaderRequest,
  type RowsReply,
  unpack,
  type WriterRequest,
} from './messages.ts';
import { type RestingLink, restingLink } from './resting-link.ts';
import { type WorkerLink, workerLink } from './worker-link.ts';

export interface SqliteOptions {
  /** The database file; SQLite keeps `-wal`, `-shm` and `.lock` beside it. Made when it is not there. */
  path: string;
  /** Writes beyond this size of the file answer `Full`. */
  maxBytes?: number;
  /** So long after the last read the thread that reads is let go: a server reads from its cache. */
  readerIdleMs?: number;
}

const usualReaderIdleMs = 10_000;

/**
 * A Store in one file, for one process: another that opens it is refused.
 * The values of a list are views on one buffer: copy what is kept for long.
 * @throws StoreError `Unavailable` with the reason and what to do about it.
 */
export async function sqliteStore({ path, maxBytes, readerIdleMs = usualReaderIdleMs }: SqliteOptions): Promise<Store> {
  const writer = workerLink(new URL('./writer.ts', import.meta.url), { path, maxBytes });
  const marks = (await writer.ready) as Marks; // the writer's first message
  const reader = restingLink(() => workerLink(new URL('./reader.ts', import.meta.url), { path }), readerIdleMs);
  return storeOver(writer, reader, BigInt(marks.revision));
}

function storeOver(writer: WorkerLink, reader: RestingLink, newest: bigint): Store {
  let revision = newest;
  let closing: Promise<void> | undefined;

  const read = <Reply extends object>(request: ReaderRequest): Promise<Reply> => reader.call<Reply>(request);
  const shown = async (asked: Promise<RowsReply>): Promise<RowsReply> => {
    const reply = await asked;
    // A thread may show a commit before its answer has reached this one: what was shown has happened.
    if (BigInt(reply.revision) > revision) revision = BigInt(reply.revision);
    return reply;
  };
  const write = <Reply extends object>(request: WriterRequest): Promise<Reply> => writer.call<Reply>(request);
  const watchers = fanOut(async (prefix, after) =>
    historyPage(await read<HistoryReply>({ kind: 'history', prefix, after: Number(after) })),
  );
  const queue = commitQueue({
    commit: (request) => write(request),
    committed(events, upTo) {
      if (upTo > revision) revision = upTo;
      watchers.publish(events, upTo);
    },
  });

  const assertOpen = (signal?: AbortSignal): void => {
    signal?.throwIfAborted();
    if (closing) throw new StoreError('Closed', 'the store is closed');
  };

  const erase = async (act: ErasureRequest['act']): Promise<ErasureReply> => {
    assertOpen();
    return write<ErasureReply>({ kind: 'erasure', act });
  };

  const close = async (): Promise<void> => {
    watchers.end(new StoreError('Closed', 'the store is closed'));
    await queue.drained();
    await reader.close();
    await write({ kind: 'close' });
    await writer.stopped;
  };

  return {
    async get(key, signal) {
      assertOpen(signal);
      return entriesOf(await abortable(shown(write({ kind: 'get', key })), signal))[0];
    },
    async list(prefix, page = {}, signal) {
      assertOpen(signal);
      return listResult(await abortable(shown(read(listRequest(prefix, page))), signal));
    },
    async count(prefix, signal) {
      assertOpen(signal);
      return (await abortable(read<{ count: number }>({ kind: 'count', prefix }), signal)).count;
    },
    async txn(checks, writes, signal) {
      assertTxn(checks, writes);
      assertOpen(signal);
      return abortable(queue.add(checks, writes), signal);
    },
    watch(prefix, fromRevision, watcher) {
      assertOpen();
      return watchers.watch(prefix, fromRevision, watcher);
    },
    async currentRevision(signal) {
      assertOpen(signal);
      return revision;
    },
    async compact(at) {
      assertOpen();
      // In steps, so that writes go on in between.
      while (!(await write<{ done: boolean }>({ kind: 'compact', revision: Number(at) })).done) assertOpen();
    },
    erasure: {
      isDue: async () => (await erase('look')).isDue,
      request: async () => void (await erase('request')),
      run: async () => void (await erase('run')),
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

const listRequest = (prefix: string, { limit = 0, after = '', revision }: ListPage): ReaderRequest => ({
  kind: 'list',
  prefix,
  after,
  limit,
  revision: revision === undefined ? undefined : Number(revision),
});

const listResult = (reply: RowsReply): ListResult => ({ entries: entriesOf(reply), revision: BigInt(reply.revision), more: reply.more });

function entriesOf({ keys, revisions, values }: RowsReply): StoredEntry[] {
  const unpacked = unpack(values);
  return keys.map((key, at) => ({ key, value: unpacked[at] ?? new Uint8Array(), revision: BigInt(revisions[at] ?? 0) }));
}

function historyPage({ keys, revisions, previous, values, revision, more }: HistoryReply): HistoryPage {
  const unpacked = unpack(values);
  const events = keys.map((key, at) => {
    const value = unpacked[2 * at] ?? null;
    const previousValue = unpacked[2 * at + 1] ?? null;
    return {
      type: value === null ? ('delete' as const) : ('put' as const),
      key,
      value,
      previous: previousValue && { key, value: previousValue, revision: BigInt(previous[at] ?? 0) },
      revision: BigInt(revisions[at] ?? 0),
    };
  });
  return { events, upTo: BigInt(revision), complete: !more };
}
