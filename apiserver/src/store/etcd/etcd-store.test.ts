import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { storeContract } from '../store.contract.ts';
import { StoreError } from '../store.ts';
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
    assert.equal(await store.count('/'), written);
    assert.equal((await store.get('/0'))?.value.length, 1_000_000);
    await assert.rejects(store.txn([], [{ key: '/huge', value: new Uint8Array(1_900_000) }]), (error) => StoreError.is(error, 'Full'));
  } finally {
    await store.close();
    await small.remove();
  }
});

it('says which etcd does not answer', { skip: skip ?? false, timeout: 30_000 }, async () => {
  await assert.rejects(
    etcdStore({ endpoints: ['127.0.0.1:1'] }),
    (error) => StoreError.is(error, 'Unavailable') && /etcd at 127\.0\.0\.1:1: /.test(error.message),
  );
});
