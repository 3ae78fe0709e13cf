import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { storeContract } from '../store.contract.ts';
import { StoreError } from '../store.ts';
import { watched } from '../watched.ts';
import { etcdStore } from './etcd-store.ts';
import { etcdMissing, startEtcd } from './start-etcd.ts';

const skip = etcdMissing();
const etcd = skip === undefined ? await startEtcd() : undefined;
after(() => etcd?.remove());

let count = 0;
storeContract(
  'etcd',
  () => etcdStore({ endpoints: [etcd?.endpoint ?? ''], prefix: `/river-${count++}` }),
  skip === undefined ? {} : { skip },
);

it('answers Full when the quota of etcd is used up, and still reads', { skip: skip ?? false, timeout: 60_000 }, async () => {
  const small = await startEtcd({ 'quota-backend-bytes': String(4 << 20) });
  const store = await etcdStore({ endpoints: [small.endpoint] });
  try {
    const write = (at: number) => store.txn([], [{ key: `/${at}`, value: new Uint8Array(1_000_000) }]);
    let written = 0;
    await assert.rejects(
      async () => {
        for (; written < 50; written++) await write(written);
      },
      (error) => StoreError.is(error, 'Full') && /quota is used up/.test(error.message),
    );
    // The write that raises the alarm may be refused after etcd has applied it: its first check sees the size of the last commit.
    const extra = (await store.count('/')) - written;
    assert.ok(extra === 0 || extra === 1, `${extra} more than was acknowledged`);
    assert.equal((await store.get('/0'))?.value.length, 1_000_000);
    for (const tooLarge of [1_900_000, 4_000_000]) {
      await assert.rejects(store.txn([], [{ key: '/huge', value: new Uint8Array(tooLarge) }]), (error) => StoreError.is(error, 'Full'));
    }
  } finally {
    await store.close();
    await small.remove();
  }
});

it('lists, counts and watches far more than one message of gRPC holds by default', { skip: skip ?? false, timeout: 60_000 }, async () => {
  const store = await etcdStore({ endpoints: [etcd?.endpoint ?? ''], prefix: '/large' });
  try {
    const before = await store.currentRevision();
    const value = new Uint8Array(1_400_000).fill(7);
    await Promise.all(Array.from({ length: 12 }, (_, at) => store.txn([], [{ key: `/${at}`, value }])));
    const { entries } = await store.list('/');
    assert.deepEqual([entries.length, await store.count('/')], [12, 12]);
    assert.ok(entries.every((entry) => Buffer.compare(entry.value, value) === 0));
    const seen = watched(store, '/', before);
    await seen.reached(await store.currentRevision());
    assert.ok(seen.events.length === 12 && seen.events.every((event) => event.value?.length === value.length));
  } finally {
    await store.close();
  }
});

it('says which etcd does not answer', { skip: skip ?? false, timeout: 30_000 }, async () => {
  await assert.rejects(
    etcdStore({ endpoints: ['127.0.0.1:1'] }),
    (error) => StoreError.is(error, 'Unavailable') && /etcd at 127\.0\.0\.1:1: /.test(error.message),
  );
});
