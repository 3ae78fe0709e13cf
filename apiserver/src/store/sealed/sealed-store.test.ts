import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { newKeyRing } from '@river/runtime';
import { etcdStore } from '../etcd/etcd-store.ts';
import { etcdMissing, startEtcd } from '../etcd/start-etcd.ts';
import { memoryStore } from '../memory-store.ts';
import { sqliteStore } from '../sqlite/sqlite-store.ts';
import { storeContract } from '../store.contract.ts';
import { type Store, StoreError } from '../store.ts';
import { watched } from '../watched.ts';
import { sealedStore } from './sealed-store.ts';
import { seals } from './seals.ts';

const folder = await mkdtemp(join(tmpdir(), 'river-sealed-'));
after(() => rm(folder, { recursive: true, force: true }));
const skip = etcdMissing();
const etcd = skip === undefined ? await startEtcd() : undefined;
after(() => etcd?.remove());

const now = new Date('2026-01-02T03:04:05Z');
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();
const standIn = (key: string, problem: string) => Buffer.from(`{"unreadable":${JSON.stringify(`${key}: ${problem}`)}}`);

/** `prefixes: ['']` seals all that the contract writes. */
const sealing = (store: Store, prefixes: readonly string[], ring = newKeyRing(now)) => {
  const problems: string[] = [];
  const inUse = seals({ prefixes, ring });
  const sealed = sealedStore({ store, seals: inUse, standIn, onUnreadable: (key, problem) => problems.push(`${key}: ${problem}`) });
  return { sealed, problems, seals: inUse };
};

let count = 0;
storeContract('sealed memory', async () => sealing(memoryStore(), ['']).sealed);
storeContract('half sealed memory', async () => sealing(memoryStore(), ['/a', '/w/a', '/g/', '/race']).sealed);
storeContract('sealed sqlite', async () => sealing(await sqliteStore({ path: join(folder, `${count++}.db`) }), ['']).sealed);
storeContract(
  'sealed etcd',
  async () => sealing(await etcdStore({ endpoints: [etcd?.endpoint ?? ''], prefix: `/river-${count++}` }), ['']).sealed,
  skip === undefined ? {} : { skip },
);

const secret = Buffer.from('{"planted":"hunter2"}');

it('keeps nothing in clear under its prefixes, and everything else as it is', async () => {
  const inner = memoryStore();
  const { sealed } = sealing(inner, ['s/']);
  await sealed.txn(
    [],
    [
      { key: 's/a', value: secret },
      { key: 'other', value: secret },
    ],
  );
  assert.equal(text((await inner.get('s/a'))?.value).includes('hunter2'), false);
  assert.deepEqual((await inner.get('other'))?.value, secret);
  assert.deepEqual(text((await sealed.get('s/a'))?.value), text(secret));
});

it('reads what was written in clear before', async () => {
  const inner = memoryStore();
  await inner.txn([], [{ key: 's/old', value: secret }]);
  const { sealed, problems } = sealing(inner, ['s/']);
  assert.equal(text((await sealed.get('s/old'))?.value), text(secret));
  assert.deepEqual(problems, []);
});

it('shows a value whose key is unknown as unreadable, in reads, lists, conflicts and events; it can be deleted, not overwritten', async () => {
  const inner = memoryStore();
  const first = sealing(inner, ['s/']);
  const { revision } = await first.sealed.txn([], [{ key: 's/a', value: secret }]);
  const { sealed, problems } = sealing(inner, ['s/']);
  const seen = watched(sealed, '', 0n);
  await seen.reached(revision);
  const conflict = await sealed.txn([{ key: 's/a', revision: 0n }], [{ key: 's/a', value: secret }]);
  assert.ok(!conflict.ok);
  const shown = [
    (await sealed.get('s/a'))?.value,
    (await sealed.list('s/')).entries[0]?.value,
    conflict.conflicts.get('s/a')?.value,
    seen.events[0]?.value ?? undefined,
  ].map(text);
  const id = first.seals.ring()?.use.id;
  for (const each of shown) assert.equal(each, text(standIn('s/a', `it is sealed with key ${id}, which is not in the key ring`)));
  assert.equal(problems.length, 1);
  assert.equal(sealed.unreadable(), 1);
  await assert.rejects(sealed.txn([{ key: 's/a', revision }], [{ key: 's/a', value: secret }]), (error) =>
    StoreError.is(error, 'Unreadable'),
  );
  assert.ok((await sealed.txn([{ key: 's/a', revision }], [{ key: 's/a', value: null }])).ok);
  await seen.reached(await sealed.currentRevision());
  assert.equal(sealed.unreadable(), 0);
});

it('reads it again when the key is given back: watches end, and start anew with what it holds', async () => {
  const inner = memoryStore();
  const ring = newKeyRing(now);
  const { revision } = await sealing(inner, ['s/'], ring).sealed.txn([], [{ key: 's/a', value: secret }]);
  const { sealed, seals: inUse } = sealing(inner, ['s/']);
  const seen = watched(sealed, '', 0n);
  await seen.reached(revision);
  inUse.use(ring);
  sealed.reopen();
  assert.deepEqual(
    seen.ended.map(({ reason }) => reason),
    ['Lost'],
  );
  assert.equal(sealed.unreadable(), 0);
  assert.equal(text((await sealed.get('s/a'))?.value), text(secret));
});

it('waits for what was sealed before the ring changed', async () => {
  const inner = memoryStore();
  const gate = Promise.withResolvers<void>();
  const slow: Store = {
    ...inner,
    async txn(...asked) {
      await gate.promise;
      return inner.txn(...asked);
    },
  };
  const { sealed } = sealing(slow, ['s/']);
  const writing = sealed.txn([], [{ key: 's/a', value: secret }]);
  let isSettled = false;
  const settled = sealed.writesSettled().then(() => {
    isSettled = true;
  });
  await inner.get('s/a');
  assert.equal(isSettled, false);
  gate.resolve();
  await writing;
  await settled;
});
