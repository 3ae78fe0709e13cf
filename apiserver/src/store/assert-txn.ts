import type { Check, Write } from './store.ts';

/** What every store takes in one txn: etcd's default is 128 operations, one of them is ours. */
export const MAX_TXN_WRITES = 100;

/** @throws TypeError for what no store could keep: the caller is wrong, whatever the state of the world. */
export function assertTxn(checks: readonly Check[], writes: readonly Write[]): void {
  if (checks.length > MAX_TXN_WRITES || writes.length > MAX_TXN_WRITES) {
    throw new TypeError(`a txn has at most ${MAX_TXN_WRITES} checks and ${MAX_TXN_WRITES} writes`);
  }
  for (const { key } of checks) assertKey(key);
  for (const { key } of writes) assertKey(key);
  if (writes.length > 1 && new Set(writes.map(({ key }) => key)).size < writes.length) throw new TypeError('a txn writes each key once');
}

function assertKey(key: string): void {
  if (key === '' || key.includes('\0') || !key.isWellFormed()) {
    throw new TypeError(`not a key: ${JSON.stringify(key)} (it must be well-formed text, not empty, without NUL)`);
  }
}
