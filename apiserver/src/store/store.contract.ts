import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode, encode, failsWith, keysOf, put, remove, textsOf, type WithStore } from './contract-steps.ts';
import type { Store, Write } from './store.ts';
import { storeModelTest } from './store-model.contract.ts';
import { compacting, watching } from './store-watch.contract.ts';
import { watched } from './watched.ts';

/** What every Store promises. `makeStore` gives a new empty one each time; the suite closes it. */
export function storeContract(name: string, makeStore: () => Promise<Store>, options: { skip?: string } = {}): void {
  const withStore = (title: string, test: (store: Store) => Promise<void>) =>
    it(title, { timeout: 60_000 }, async () => {
      const store = await makeStore();
      try {
        await test(store);
      } finally {
        await store.close();
      }
    });

  describe(`a ${name} store`, { ...(options.skip ? { skip: options.skip } : {}) }, () => {
    writing(withStore);
    listing(withStore);
    watching(withStore);
    compacting(withStore);
    racing(withStore);
    closing(makeStore);
    storeModelTest(makeStore);
  });
}

function writing(withStore: WithStore): void {
  withStore('creates a key once and says what stands there the second time', async (store) => {
    const revision = await put(store, '/a', 'one', [{ key: '/a', revision: 0n }]);
    const again = await store.txn([{ key: '/a', revision: 0n }], [{ key: '/a', value: encode('two') }]);
    assert.equal(again.ok, false);
    assert.ok(!again.ok);
    assert.deepEqual([...again.conflicts.keys()], ['/a']);
    assert.equal(again.conflicts.get('/a')?.revision, revision);
    assert.equal(decode(again.conflicts.get('/a')?.value), 'one');
    assert.equal(decode((await store.get('/a'))?.value), 'one');
  });

  withStore('updates and deletes only at the revision that was read', async (store) => {
    const first = await put(store, '/a', 'one');
    const second = await put(store, '/a', 'two', [{ key: '/a', revision: first }]);
    assert.ok(second > first);
    const stale = await store.txn([{ key: '/a', revision: first }], [{ key: '/a', value: null }]);
    assert.ok(!stale.ok);
    assert.equal(stale.conflicts.get('/a')?.revision, second);
    const gone = await store.txn([{ key: '/a', revision: second }], [{ key: '/a', value: null }]);
    assert.ok(gone.ok);
    assert.equal(await store.get('/a'), undefined);
    const missing = await store.txn([{ key: '/a', revision: second }], [{ key: '/a', value: encode('back') }]);
    assert.ok(!missing.ok);
    assert.ok(missing.conflicts.has('/a'));
    assert.equal(missing.conflicts.get('/a'), undefined);
  });

  withStore('makes all writes of a txn at one revision, or none of them', async (store) => {
    const revision = await put(store, '/b', 'old');
    const failed = await store.txn(
      [
        { key: '/a', revision: 0n },
        { key: '/b', revision: 0n },
        { key: '/c', revision: 7n },
      ],
      ['/a', '/b', '/c'].map((key) => ({ key, value: encode('new') })),
    );
    assert.ok(!failed.ok);
    assert.deepEqual([...failed.conflicts.keys()].sort(), ['/b', '/c']);
    assert.deepEqual(keysOf(await store.list('/')), ['/b']);
    const done = await store.txn(
      [{ key: '/b', revision }],
      [
        { key: '/a', value: encode('new') },
        { key: '/b', value: null },
        { key: '/c', value: encode('new') },
      ],
    );
    assert.ok(done.ok && done.revision > revision);
    const after = await store.list('/');
    assert.deepEqual(keysOf(after), ['/a', '/c']);
    for (const entry of after.entries) assert.equal(entry.revision, done.revision);
    assert.equal(await store.currentRevision(), done.revision);
  });

  withStore('makes no revision for a txn that changes nothing', async (store) => {
    const revision = await put(store, '/a', 'one');
    const removed = await store.txn([], [{ key: '/not-there', value: null }]);
    assert.ok(removed.ok);
    const checked = await store.txn([{ key: '/a', revision }], []);
    assert.ok(checked.ok);
    const refused = await store.txn([{ key: '/a', revision: 0n }], []);
    assert.ok(!refused.ok);
    assert.equal(await store.currentRevision(), revision);
    const two = await remove(store, '/a', '/not-there');
    assert.ok(two > revision);
    assert.equal(await store.currentRevision(), two);
  });

  withStore('keeps values byte by byte, also empty and large ones and keys beyond ASCII', async (store) => {
    const large = new Uint8Array(1_500_000).map((_, at) => (at * 31) % 256);
    await store.txn([], [{ key: '/large', value: large }]);
    await store.txn([], [{ key: '/empty', value: new Uint8Array() }]);
    await put(store, '/ключ-\u{1F600}', 'ü');
    assert.deepEqual(new Uint8Array((await store.get('/large'))?.value ?? []), large);
    assert.equal((await store.get('/empty'))?.value.length, 0);
    assert.equal((await store.list('/empty')).entries[0]?.value.length, 0);
    assert.equal(decode((await store.get('/ключ-\u{1F600}'))?.value), 'ü');
  });

  withStore('refuses what is not a key, a key written twice, and too much in one txn', async (store) => {
    const value = encode('x');
    const bad: Write[][] = [
      [{ key: '', value }],
      [{ key: 'a\0b', value }],
      [{ key: '\ud800', value }],
      [
        { key: '/a', value },
        { key: '/a', value: null },
      ],
      Array.from({ length: 101 }, (_, at) => ({ key: `/${at}`, value })),
    ];
    for (const writes of bad) await assert.rejects(store.txn([], writes), TypeError);
    assert.equal(await store.count(''), 0);
  });

  withStore('takes a hundred checks and writes in one txn', async (store) => {
    const keys = Array.from({ length: 100 }, (_, at) => `/${at}`);
    const result = await store.txn(
      keys.map((key) => ({ key, revision: 0n })),
      keys.map((key) => ({ key, value: encode(key) })),
    );
    assert.ok(result.ok);
    assert.equal(await store.count('/'), 100);
  });

  withStore('gives up when the signal says so', async (store) => {
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(store.get('/a', signal), reason);
    await assert.rejects(store.list('/', {}, signal), reason);
    await assert.rejects(store.txn([], [{ key: '/a', value: encode('x') }], signal), reason);
    assert.equal(await store.get('/a'), undefined);
  });
}

function listing(withStore: WithStore): void {
  withStore('lists in byte order, only what starts with the prefix', async (store) => {
    const inside = ['/t/', '/t/A', '/t/a', '/t/a/b', '/t/\ue000', '/t/\u{1F600}'];
    for (const key of ['/s', '/t', '/t0', '/ta', ...inside.toReversed(), '/u']) await put(store, key, key);
    const all = await store.list('/t/');
    assert.deepEqual(keysOf(all), inside);
    assert.deepEqual(textsOf(all), inside);
    assert.equal(all.more, false);
    assert.equal(await store.count('/t/'), inside.length);
    assert.equal(await store.count(''), inside.length + 5);
    assert.deepEqual(keysOf(await store.list('/t\u{10FFFF}')), []);
    assert.deepEqual(keysOf(await store.list('/t', { limit: 3 })), ['/t', '/t/', '/t/A']);
  });

  withStore('pages through a list at one revision while it changes', async (store) => {
    const keys = Array.from({ length: 25 }, (_, at) => `/p/${String(at).padStart(2, '0')}`);
    for (const key of keys) await put(store, key, 'before');
    const first = await store.list('/p/', { limit: 10 });
    assert.deepEqual(keysOf(first), keys.slice(0, 10));
    assert.equal(first.more, true);
    assert.ok(first.remaining === undefined || first.remaining === 15);
    await remove(store, '/p/15');
    await put(store, '/p/05a', 'new');
    await put(store, '/p/12', 'after');
    await put(store, '/p/17a', 'new');
    const second = await store.list('/p/', { limit: 10, after: '/p/09', revision: first.revision });
    assert.deepEqual(keysOf(second), keys.slice(10, 20));
    assert.deepEqual(new Set(textsOf(second)), new Set(['before']));
    assert.equal(second.revision, first.revision);
    const third = await store.list('/p/', { limit: 10, after: '/p/19', revision: first.revision });
    assert.deepEqual(keysOf(third), keys.slice(20));
    assert.equal(third.more, false);
    const exact = await store.list('/p/', { limit: 25, revision: first.revision });
    assert.deepEqual([exact.entries.length, exact.more], [25, false]);
    assert.equal((await store.list('/p/', { limit: 0 })).entries.length, 26);
  });

  withStore('lists what was, at every revision that is still kept', async (store) => {
    const before = await store.currentRevision();
    const r1 = await put(store, '/a', 'one');
    const r2 = await put(store, '/b', 'one');
    const r3 = await put(store, '/a', 'two');
    const r4 = await remove(store, '/b');
    const r5 = await put(store, '/b', 'again');
    const at = async (revision: bigint) => {
      const { entries } = await store.list('/', { revision });
      return entries.map((entry) => `${entry.key}=${decode(entry.value)}@${entry.revision}`);
    };
    assert.deepEqual(await at(before), []);
    assert.deepEqual(await at(r1), [`/a=one@${r1}`]);
    assert.deepEqual(await at(r2), [`/a=one@${r1}`, `/b=one@${r2}`]);
    assert.deepEqual(await at(r3), [`/a=two@${r3}`, `/b=one@${r2}`]);
    assert.deepEqual(await at(r4), [`/a=two@${r3}`]);
    assert.deepEqual(await at(r5), [`/a=two@${r3}`, `/b=again@${r5}`]);
    assert.equal((await store.list('/')).revision, r5);
  });

  withStore('refuses to list a revision that has not happened', async (store) => {
    const revision = await put(store, '/a', 'one');
    await assert.rejects(store.list('/', { revision: revision + 1_000_000n }), failsWith('FutureRevision'));
  });

  withStore('reads what was just written', async (store) => {
    for (let round = 0; round < 50; round++) {
      const revision = await put(store, '/a', String(round));
      assert.equal((await store.get('/a'))?.revision, revision);
      assert.equal(await store.currentRevision(), revision);
      assert.equal((await store.list('/')).entries[0]?.revision, revision);
    }
  });
}

function racing(withStore: WithStore): void {
  withStore('lets exactly one of 64 writers win each race', async (store) => {
    for (let round = 0; round < 10; round++) {
      const standing = await store.get('/race');
      const checks = [{ key: '/race', revision: standing?.revision ?? 0n }];
      const results = await Promise.all(
        Array.from({ length: 64 }, (_, at) => store.txn(checks, [{ key: '/race', value: encode(`${round}/${at}`) }])),
      );
      const winners = results.flatMap((result, at) => (result.ok ? [at] : []));
      assert.equal(winners.length, 1);
      assert.equal(decode((await store.get('/race'))?.value), `${round}/${winners[0]}`);
      const winner = results[winners[0] ?? 0]?.revision;
      for (const result of results) if (!result.ok) assert.equal(result.conflicts.get('/race')?.revision, winner);
    }
  });

  withStore('loses no increment of 64 writers that try again', async (store) => {
    await put(store, '/counter', '0');
    const increment = async () => {
      for (;;) {
        const entry = await store.get('/counter');
        assert.ok(entry);
        const value = encode(String(Number(decode(entry.value)) + 1));
        const result = await store.txn([{ key: '/counter', revision: entry.revision }], [{ key: '/counter', value }]);
        if (result.ok) return;
      }
    };
    await Promise.all(Array.from({ length: 64 }, increment));
    assert.equal(decode((await store.get('/counter'))?.value), '64');
  });
}

function closing(makeStore: () => Promise<Store>): void {
  it('ends its watches and refuses work once closed', { timeout: 60_000 }, async () => {
    const store = await makeStore();
    const revision = await put(store, '/a', 'one');
    const seen = watched(store, '/', revision);
    const last = store.txn([], [{ key: '/b', value: encode('two') }]);
    await last;
    await store.close();
    await store.close();
    assert.deepEqual(
      seen.ended.map(({ reason }) => reason),
      ['Closed'],
    );
    await assert.rejects(store.get('/a'), failsWith('Closed'));
    await assert.rejects(store.list('/'), failsWith('Closed'));
    await assert.rejects(store.count('/'), failsWith('Closed'));
    await assert.rejects(store.currentRevision(), failsWith('Closed'));
    await assert.rejects(store.compact(revision), failsWith('Closed'));
    await assert.rejects(store.txn([], [{ key: '/a', value: null }]), failsWith('Closed'));
    assert.throws(() => store.watch('/', revision, { onEvents() {}, onEnd() {} }), failsWith('Closed'));
  });
}
