import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { decode, encode, failsWith, keysOf, put, remove, textsOf, type WithStore } from './contract-steps.ts';
import { watched } from './watched.ts';

export function watching(withStore: WithStore): void {
  withStore('tells a watcher every change under its prefix, in order, with what stood before', async (store) => {
    const from = await store.currentRevision();
    const seen = watched(store, '/w/', from);
    const r1 = await put(store, '/w/a', 'one');
    await put(store, '/other', 'x');
    const r2 = await put(store, '/w/a', 'two');
    const r3 = await remove(store, '/w/a', '/w/none');
    await seen.reached(r3);
    const told = seen.events.map((event) => [
      event.type,
      event.key,
      decode(event.value),
      event.revision,
      event.previous?.revision,
      decode(event.previous?.value),
    ]);
    assert.deepEqual(told, [
      ['put', '/w/a', 'one', r1, undefined, undefined],
      ['put', '/w/a', 'two', r2, r1, 'one'],
      ['delete', '/w/a', null, r3, r2, 'two'],
    ]);
    assert.deepEqual([seen.events[0]?.previous, seen.events[2]?.previous?.key], [null, '/w/a']);
    seen.close();
  });

  withStore('says how far a watcher is although nothing under its prefix changed', async (store) => {
    const seen = watched(store, '/w/', await store.currentRevision());
    const revision = await put(store, '/elsewhere', 'x');
    await seen.reached(revision);
    assert.deepEqual(seen.events, []);
    seen.close();
  });

  withStore('starts a watch in the past and goes on into the present without a gap or a repeat', async (store) => {
    const from = await store.currentRevision();
    const writes = 400;
    const revisions: bigint[] = [];
    const watches: { after: bigint; seen: ReturnType<typeof watched> }[] = [];
    let at = 0;
    const writer = async () => {
      while (at < writes) {
        revisions.push(await put(store, `/g/${at % 7}`, String(at++)));
        await turn();
      }
    };
    const watcher = async () => {
      while (at < writes) {
        const after = revisions[Math.floor(revisions.length / 2)] ?? from;
        watches.push({ after, seen: watched(store, '/g/', after) });
        await turn();
        await store.get('/g/1');
      }
    };
    await Promise.all([writer(), writer(), writer(), watcher()]);
    const expected = revisions.toSorted(byValue);
    const last = await store.currentRevision();
    for (const { after, seen } of watches) {
      await seen.reached(last);
      const got = seen.events.map(({ revision }) => revision);
      assert.deepEqual(
        got,
        expected.filter((revision) => revision > after),
      );
      assertWholeRevisions(seen.calls);
      seen.close();
    }
    assert.ok(watches.length > 3);
  });

  withStore('hands over whole revisions only', async (store) => {
    const from = await store.currentRevision();
    const write = (round: number) =>
      store.txn(
        [],
        Array.from({ length: 60 }, (_, at) => ({ key: `/big/${at}`, value: encode(`${round}`.repeat(2_000)) })),
      );
    for (let round = 0; round < 20; round++) await write(round);
    const past = watched(store, '/big/', from);
    const present = watched(store, '/big/', await store.currentRevision());
    for (let round = 20; round < 40; round++) await write(round);
    const last = await store.currentRevision();
    await past.reached(last);
    await present.reached(last);
    assert.equal(past.events.length, 40 * 60);
    assert.equal(present.events.length, 20 * 60);
    for (const seen of [past, present]) {
      assertWholeRevisions(seen.calls);
      seen.close();
    }
  });

  withStore('serves many watchers, each only what it asked for', async (store) => {
    const from = await store.currentRevision();
    const all = Array.from({ length: 100 }, (_, at) => watched(store, `/m/${at % 10}/`, from));
    const revisions = await Promise.all(Array.from({ length: 200 }, (_, at) => put(store, `/m/${at % 10}/${at}`, String(at))));
    const last = revisions.toSorted(byValue).at(-1) ?? 0n;
    for (const [at, seen] of all.entries()) {
      await seen.reached(last);
      assert.equal(seen.events.length, 20);
      assert.ok(seen.events.every(({ key }) => key.startsWith(`/m/${at % 10}/`)));
      seen.close();
    }
  });

  withStore('tells a watcher nothing more once it is closed', async (store) => {
    const from = await store.currentRevision();
    const closed = watched(store, '/', from);
    closed.close();
    const other = watched(store, '/', from);
    await other.reached(await put(store, '/a', 'one'));
    const soFar = other.events.length;
    other.close();
    const third = watched(store, '/', from);
    await third.reached(await put(store, '/a', 'two'));
    assert.deepEqual([closed.events.length, closed.ended.length, other.events.length, other.ended.length], [0, 0, soFar, 0]);
    third.close();
  });

  withStore('lets a watcher close itself and write from within its call', async (store) => {
    const from = await store.currentRevision();
    const heard: string[] = [];
    const written = Promise.withResolvers<bigint>();
    const watch = store.watch('/self', from, {
      onEvents(events) {
        heard.push(...events.map(({ key }) => key));
        if (events.length === 0) return;
        watch.close();
        store.txn([], [{ key: '/self/2', value: encode('x') }]).then((result) => written.resolve(result.revision), written.reject);
      },
      onEnd: ({ message }) => written.reject(new Error(message)),
    });
    const other = watched(store, '/self', from);
    await put(store, '/self/1', 'x');
    await other.reached(await written.promise);
    assert.deepEqual(heard, ['/self/1']);
    assert.deepEqual(
      other.events.map(({ key }) => key),
      ['/self/1', '/self/2'],
    );
    other.close();
  });
}

export function compacting(withStore: WithStore): void {
  withStore('forgets history before a compaction and keeps what stands', async (store) => {
    const r1 = await put(store, '/a', 'one');
    const r2 = await put(store, '/a', 'two');
    const r3 = await put(store, '/b', 'one');
    const r4 = await remove(store, '/b');
    const r5 = await put(store, '/c', 'one');
    await store.compact(r4);
    await assert.rejects(store.list('/', { revision: r1 }), failsWith('Compacted'));
    await assert.rejects(store.list('/', { revision: r3 }), failsWith('Compacted'));
    assert.deepEqual(textsOf(await store.list('/', { revision: r4 })), ['two']);
    assert.deepEqual(keysOf(await store.list('/')), ['/a', '/c']);
    assert.equal((await store.get('/a'))?.revision, r2);
    for (const from of [r1 - 1n, r1, r3]) {
      const late = watched(store, '/', from);
      await late.until(({ ended }) => ended.length > 0, 'ended');
      assert.deepEqual([late.ended[0]?.reason, late.events.length], ['Compacted', 0]);
    }
    const intime = watched(store, '/', r4);
    await intime.reached(r5);
    assert.deepEqual(
      intime.events.map(({ key }) => key),
      ['/c'],
    );
    intime.close();
    await store.compact(r2);
    assert.deepEqual(keysOf(await store.list('/', { revision: r4 })), ['/a']);
    await assert.rejects(store.compact(r5 + 1_000_000n), failsWith('FutureRevision'));
  });

  withStore('does not disturb a watcher that has seen everything', async (store) => {
    const seen = watched(store, '/', await store.currentRevision());
    const r1 = await put(store, '/a', 'one');
    await seen.reached(r1);
    await store.compact(r1);
    const r2 = await put(store, '/a', 'two');
    await seen.reached(r2);
    assert.deepEqual([seen.ended.length, seen.events.length], [0, 2]);
    assert.equal(decode(seen.events[1]?.previous?.value), 'one');
    seen.close();
  });

  withStore('compacts up to now, again and again, while keys come and go', async (store) => {
    for (let round = 0; round < 5; round++) {
      for (let at = 0; at < 30; at++) await put(store, `/${at % 10}`, `${round}-${at}`);
      await remove(store, '/1', '/2');
      const now = await store.currentRevision();
      await store.compact(now);
      assert.equal(await store.currentRevision(), now);
      assert.equal(await store.count('/'), 8);
      assert.deepEqual(
        textsOf(await store.list('/', { revision: now })),
        [0, 3, 4, 5, 6, 7, 8, 9].map((at) => `${round}-${20 + at}`),
      );
    }
  });
}

const byValue = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** No revision is split over two calls, none comes back, and `upTo` covers what was handed over. */
function assertWholeRevisions(calls: { revisions: bigint[]; upTo: bigint }[]): void {
  let upTo = 0n;
  for (const call of calls) {
    for (const revision of call.revisions) assert.ok(revision > upTo && revision <= call.upTo);
    assert.deepEqual(call.revisions, call.revisions.toSorted(byValue));
    assert.ok(call.upTo > upTo);
    upTo = call.upTo;
  }
}
