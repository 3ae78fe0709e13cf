import type { Check, StoredEntry, TxnResult, Write } from '../store.ts';
import type { Layout } from './layout.ts';
import type { TxnRequest, TxnResponse, TxnStep } from './messages/txn.ts';

/** One etcd txn: the checks, the writes with the `rev` key, and on failure a look at what stands. */
export function txnRequest(keys: Layout, checks: readonly Check[], writes: readonly Write[]): TxnRequest {
  const success = writes.map((write) => writeOp(keys, write));
  if (success.length > 0) success.push(keys.touchRev);
  return {
    compare: checks.map(({ key, revision }) => ({ key: keys.dataKey(key), modRevision: revision })),
    success: mayChangeNothing(checks, writes) ? [unlessAllAbsent(keys, writes, success)] : success,
    failure: checks.map(({ key }) => ({ do: 'get', key: keys.dataKey(key) })),
  };
}

export function txnResult(keys: Layout, checks: readonly Check[], { succeeded, revision, found }: TxnResponse): TxnResult {
  if (succeeded) return { ok: true, revision };
  const conflicts = new Map<string, StoredEntry | undefined>();
  for (const [at, check] of checks.entries()) {
    const kv = found[at];
    const standing = kv && keys.entryOf(kv);
    if ((standing?.revision ?? 0n) !== check.revision) conflicts.set(check.key, standing);
  }
  return { ok: false, revision, conflicts };
}

const writeOp = (keys: Layout, { key, value }: Write): TxnStep =>
  value === null ? { do: 'delete', key: keys.dataKey(key) } : { do: 'put', key: keys.dataKey(key), value };

/** Only deletions, and no check says that one of them finds something. */
const mayChangeNothing = (checks: readonly Check[], writes: readonly Write[]): boolean =>
  writes.length > 0 &&
  writes.every(({ key, value }) => value === null && !checks.some((check) => check.key === key && check.revision > 0n));

/** etcd would count a new revision for the `rev` key alone. */
const unlessAllAbsent = (keys: Layout, writes: readonly Write[], change: TxnStep[]): TxnStep => ({
  do: 'txn',
  txn: {
    compare: writes.map(({ key }) => ({ key: keys.dataKey(key), modRevision: 0n })),
    success: [],
    failure: change,
  },
});
