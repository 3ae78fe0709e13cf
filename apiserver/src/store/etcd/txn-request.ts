import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3/lib/rpc.js';
import type { Check, StoredEntry, TxnResult, Write } from '../store.ts';
import type { Layout } from './layout.ts';

/** One etcd txn: the checks, the writes with the `rev` key, and on failure a look at what stands. */
export function txnRequest(keys: Layout, checks: readonly Check[], writes: readonly Write[]): ITxnRequest {
  const success = writes.map((write) => writeOp(keys, write));
  if (success.length > 0) success.push({ request_put: { key: keys.revKey, value: Buffer.alloc(0) } });
  return {
    compare: checks.map(({ key, revision }) => ({ ...MOD_EQUALS, key: keys.dataKey(key), mod_revision: String(revision) })),
    success: mayChangeNothing(checks, writes) ? [unlessAllAbsent(keys, writes, success)] : success,
    failure: checks.map(({ key }) => ({ request_range: { key: keys.dataKey(key) } })),
  };
}

export function txnResult(keys: Layout, checks: readonly Check[], { succeeded, header, responses }: ITxnResponse): TxnResult {
  const revision = BigInt(header.revision);
  if (succeeded) return { ok: true, revision };
  const conflicts = new Map<string, StoredEntry | undefined>();
  for (const [at, check] of checks.entries()) {
    const kv = responses[at]?.response_range.kvs[0];
    const standing = kv && keys.entryOf(kv);
    if ((standing?.revision ?? 0n) !== check.revision) conflicts.set(check.key, standing);
  }
  return { ok: false, revision, conflicts };
}

const MOD_EQUALS: ICompare = { result: 'Equal', target: 'Mod' };

const writeOp = (keys: Layout, { key, value }: Write): IRequestOp =>
  value === null
    ? { request_delete_range: { key: keys.dataKey(key) } }
    : { request_put: { key: keys.dataKey(key), value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) } };

/** Only deletions, and no check says that one of them finds something. */
const mayChangeNothing = (checks: readonly Check[], writes: readonly Write[]): boolean =>
  writes.length > 0 &&
  writes.every(({ key, value }) => value === null && !checks.some((check) => check.key === key && check.revision > 0n));

/** etcd would count a new revision for the `rev` key alone. */
const unlessAllAbsent = (keys: Layout, writes: readonly Write[], change: IRequestOp[]): IRequestOp => ({
  request_txn: {
    compare: writes.map(({ key }) => ({ ...MOD_EQUALS, key: keys.dataKey(key), mod_revision: '0' })),
    success: [],
    failure: change,
  },
});
