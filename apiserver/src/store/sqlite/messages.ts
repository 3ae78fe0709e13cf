import type { StoreReason } from '../store.ts';

/** What crosses between the store's threads. Revisions are numbers here: {@link MAX_TXN_OPS} leaves them 46 bits. */

export interface TxnMessage {
  checks: { key: string; revision: number }[];
  keys: string[];
}

/** All that goes into one commit. `values` holds the values of all writes, txn after txn. */
export interface CommitRequest {
  kind: 'commit';
  txns: TxnMessage[];
  values: Packed;
}

/** The entries that a txn met: what stood under each write before (ok), or under each failed check (not ok). Values are in `values`, in order. */
export interface TxnReply {
  ok: boolean;
  revision: number;
  met: Met[];
}

export interface Met {
  key: string;
  /** 0: nothing stood there. */
  revision: number;
}

export interface CommitReply {
  txns: TxnReply[];
  revision: number;
  values: Packed;
}

export interface CompactRequest {
  kind: 'compact';
  revision: number;
}

/** Answered with {@link ErasureReply}. */
export interface ErasureRequest {
  kind: 'erasure';
  act: 'look' | 'request' | 'run';
}

export interface ErasureReply {
  isDue: boolean;
}

/** Answered with {@link RowsReply}, by the thread that is always there: who asks for one key is about to write. */
export interface GetRequest {
  kind: 'get';
  key: string;
}

export type WriterRequest = CommitRequest | CompactRequest | ErasureRequest | GetRequest | { kind: 'close' };

export interface ListRequest {
  kind: 'list';
  prefix: string;
  after: string;
  limit: number;
  /** Undefined: now. */
  revision: number | undefined;
}

export type ReaderRequest =
  | ListRequest
  | { kind: 'count'; prefix: string }
  | { kind: 'history'; prefix: string; after: number }
  | { kind: 'close' };

export interface RowsReply {
  keys: string[];
  revisions: number[];
  values: Packed;
  revision: number;
  more: boolean;
}

/** As {@link RowsReply}; `values` alternates between the new value and the one before. `previous` is 0 where nothing stood or a compaction took it. */
export interface HistoryReply extends RowsReply {
  previous: number[];
}

export interface FailedReply {
  failed: { reason: StoreReason; message: string };
}

/** Many values in one buffer, so that a message costs one transfer. A length of -1 stands for null. */
export interface Packed {
  lengths: number[];
  bytes: Uint8Array<ArrayBuffer>;
}

export function pack(values: readonly (Uint8Array | null)[]): Packed {
  const lengths = values.map((value) => (value === null ? -1 : value.length));
  const bytes = new Uint8Array(values.reduce((sum, value) => sum + (value?.length ?? 0), 0));
  let at = 0;
  for (const value of values) {
    if (value === null) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return { lengths, bytes };
}

/** The values are views on the one buffer that came. */
export function unpack({ lengths, bytes }: Packed): (Uint8Array | null)[] {
  let at = 0;
  return lengths.map((length) => {
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  });
}

/** Hands out a list piece by piece, from its start. */
export function taking<Item>(items: readonly Item[]): (count: number) => Item[] {
  let at = 0;
  return (count) => {
    at += count;
    return items.slice(at - count, at);
  };
}
