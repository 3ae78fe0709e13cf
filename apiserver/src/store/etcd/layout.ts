import { compareKeys, prefixEnd } from '../keys.ts';
import type { StoredEntry, StoreEvent } from '../store.ts';
import type { KeyValue } from './messages/key-value.ts';
import type { KeyRange } from './messages/range.ts';
import type { TxnStep } from './messages/txn.ts';
import type { WatchEvent } from './messages/watch.ts';

/** Where a store's keys lie in etcd: everything under one root, the data beside the `rev` key that every txn touches. */
export interface Layout {
  all: KeyRange;
  revKey: Buffer;
  /** Gives the `rev` key the revision of the txn that it is a step of. */
  touchRev: TxnStep;
  dataKey(key: string): Buffer;
  /** The range of all keys under a prefix, or only those after a key. */
  dataRange(prefix: string, after?: string): KeyRange;
  entryOf(kv: KeyValue): StoredEntry;
  /** Undefined for the `rev` key. */
  eventOf(event: WatchEvent): StoreEvent | undefined;
}

export function layout(prefix: string): Layout {
  const root = `${prefix}/`;
  const data = `${root}k`;
  const rangeOf = (start: string, end: string | undefined): KeyRange => ({ key: Buffer.from(start), rangeEnd: Buffer.from(end ?? '\0') });
  const revKey = Buffer.from(`${root}rev`);
  const dataBytes = Buffer.byteLength(data);

  const entryOf = (kv: KeyValue): StoredEntry => ({
    key: kv.key.toString('utf8', dataBytes),
    value: kv.value,
    revision: kv.modRevision,
  });

  return {
    all: rangeOf(root, prefixEnd(root)),
    revKey,
    touchRev: { do: 'put', key: revKey, value: Buffer.alloc(0) },
    dataKey: (key) => Buffer.from(data + key),
    // A key followed by NUL is the next possible key: no store takes NUL in a key.
    dataRange: (under, after = '') =>
      rangeOf(data + (after === '' || compareKeys(after, under) < 0 ? under : `${after}\0`), prefixEnd(data + under)),
    entryOf,
    eventOf({ isDelete, kv, previous }) {
      if (kv.key.equals(revKey)) return undefined;
      const { key, value, revision } = entryOf(kv);
      return {
        type: isDelete ? 'delete' : 'put',
        key,
        value: isDelete ? null : value,
        previous: previous ? entryOf(previous) : null,
        revision,
      };
    },
  };
}
