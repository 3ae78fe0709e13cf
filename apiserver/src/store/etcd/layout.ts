import type { IEvent, IKeyValue } from 'etcd3/lib/rpc.js';
import { compareKeys, prefixEnd } from '../keys.ts';
import type { StoredEntry, StoreEvent } from '../store.ts';

/** Where a store's keys lie in etcd: everything under one root, the data beside the `rev` key that every txn touches. */
export interface Layout {
  all: KeyRange;
  revKey: Buffer;
  dataKey(key: string): Buffer;
  /** The range of all keys under a prefix, or only those after a key. */
  dataRange(prefix: string, after?: string): KeyRange;
  entryOf(kv: IKeyValue): StoredEntry;
  /** Undefined for the `rev` key. */
  eventOf(event: IEvent): StoreEvent | undefined;
}

export interface KeyRange {
  key: Buffer;
  range_end: Buffer;
}

export function layout(prefix: string): Layout {
  const root = `${prefix}/`;
  const data = `${root}k`;
  const rangeOf = (start: string, end: string | undefined): KeyRange => ({ key: Buffer.from(start), range_end: Buffer.from(end ?? '\0') });
  const revKey = Buffer.from(`${root}rev`);
  const dataBytes = Buffer.byteLength(data);

  const entryOf = (kv: IKeyValue): StoredEntry => ({
    key: kv.key.toString('utf8', dataBytes),
    value: kv.value,
    revision: BigInt(kv.mod_revision),
  });

  return {
    all: rangeOf(root, prefixEnd(root)),
    revKey,
    dataKey: (key) => Buffer.from(data + key),
    // A key followed by NUL is the next possible key: no store takes NUL in a key.
    dataRange: (under, after = '') =>
      rangeOf(data + (after === '' || compareKeys(after, under) < 0 ? under : `${after}\0`), prefixEnd(data + under)),
    entryOf,
    eventOf({ type, kv, prev_kv: previous }) {
      if (kv.key.equals(revKey)) return undefined;
      const { key, value, revision } = entryOf(kv);
      return {
        type: type === 'Delete' ? 'delete' : 'put',
        key,
        value: type === 'Delete' ? null : value,
        previous: previous ? entryOf(previous) : null,
        revision,
      };
    },
  };
}
