/**
 * What the API server needs of a place that keeps things. One counter, the revision, orders everything that ever happened in it.
 * Three implementations pass one contract suite (`store.contract.ts`): memory, sqlite, etcd.
 */
export interface Store {
  get(key: string, signal?: AbortSignal): Promise<StoredEntry | undefined>;
  /**
   * Entries under `prefix` in key order, as they were at one revision (`page.revision`, else now).
   * @throws StoreError `Compacted` when that revision is no longer kept, `FutureRevision` when it has not happened yet.
   */
  list(prefix: string, page?: ListPage, signal?: AbortSignal): Promise<ListResult>;
  count(prefix: string, signal?: AbortSignal): Promise<number>;
  /**
   * Makes all writes, or none: only if every check holds. Resolves after the result would survive a power cut, never before.
   * All writes of one txn get the same revision. A txn that deletes only what is not there makes no revision.
   */
  txn(checks: readonly Check[], writes: readonly Write[], signal?: AbortSignal): Promise<TxnResult>;
  /**
   * Every change under `prefix` after `fromRevision`, each once, in order, a whole revision at a time, until `close()`.
   * `onEnd` is called at most once: `Compacted` when events in the gap are gone (list again), `Closed` or `Lost` otherwise.
   * A store that reconnects by itself does so without a gap.
   */
  watch(prefix: string, fromRevision: bigint, watcher: Watcher): Watch;
  /** The revision of the newest write anywhere in the store, as agreed by all servers that share it (a linearizable read). */
  currentRevision(signal?: AbortSignal): Promise<bigint>;
  /** Forgets history before `revision`: lists and watches that need it then answer `Compacted`. The newest state is kept. */
  compact(revision: bigint): Promise<void>;
  /** Only of a store whose own files keep the bytes of what was deleted. */
  erasure?: Erasure;
  close(): Promise<void>;
}

/** Takes what a compaction has freed out of the files too. That it is due outlives the process. */
export interface Erasure {
  isDue(): Promise<boolean>;
  request(): Promise<void>;
  /** Rewrites the files. Writes wait meanwhile. */
  run(): Promise<void>;
}

export interface StoredEntry {
  key: string;
  value: Uint8Array;
  /** Revision of the write that made this value. */
  revision: bigint;
}

export interface ListPage {
  /** Left out or 0: all. */
  limit?: number;
  /** Start after this key (exclusive). */
  after?: string;
  revision?: bigint;
}

export interface ListResult {
  entries: StoredEntry[];
  /** The revision that this list is true at. */
  revision: bigint;
  /** There are entries after the last one. */
  more: boolean;
  /** How many entries follow the last one; left out where counting would cost a scan. */
  remaining?: number;
}

/** `revision: 0n` says that the key must not exist; otherwise it must have been last written at exactly that revision. */
export interface Check {
  key: string;
  revision: bigint;
}

export type Write = { key: string; value: Uint8Array } | { key: string; value: null };

/** `conflicts` holds what stands now under each check that failed (undefined: nothing does). */
export type TxnResult = { ok: true; revision: bigint } | { ok: false; revision: bigint; conflicts: Map<string, StoredEntry | undefined> };

export interface StoreEvent {
  type: 'put' | 'delete';
  key: string;
  /** The new value; null after a delete. */
  value: Uint8Array | null;
  /** What stood there before; null when nothing did, or when a compaction has taken it. */
  previous: StoredEntry | null;
  revision: bigint;
}

export interface Watcher {
  /** Called with whole revisions. `upTo` says that nothing at or below it is still to come. */
  onEvents(events: StoreEvent[], upTo: bigint): void;
  onEnd(error: StoreError): void;
}

export interface Watch {
  close(): void;
}

export type StoreReason = 'Compacted' | 'FutureRevision' | 'Unavailable' | 'Full' | 'Closed' | 'Lost' | 'Unreadable';

/** `Unavailable`: nothing was learnt, a write may or may not have happened. `Full`: the disk or quota is; nothing was written (etcd may keep the
 * very write that filled it). `Unreadable`: what stands there is sealed and does not open, so nothing was written over it. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly reason: StoreReason;

  constructor(reason: StoreReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }

  static is(error: unknown, reason?: StoreReason): error is StoreError {
    return error instanceof StoreError && (reason === undefined || error.reason === reason);
  }
}
