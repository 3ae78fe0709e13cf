import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manualClock } from '@river/runtime';
import { encodeStored } from '../object/encode.ts';
import { memoryStore } from '../store/memory-store.ts';
import { type Store, StoreError, type Watcher } from '../store/store.ts';
import { delayedStore } from '../testing/delayed-store.ts';
import { turn } from '../testing/test-core.ts';
import { type Feed, type FeedOptions, startFeed } from './feed.ts';

const prefix = 'core/configmaps/';
const keyOf = (name: string) => `${prefix}n/${name}`;

const put = async (store: Store, name: string, data = '', resource = prefix): Promise<bigint> => {
  const value = encodeStored({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, uid: name }, data });
  const result = await store.txn([], [{ key: `${resource}n/${name}`, value }]);
  return result.revision;
};

const remove = async (store: Store, name: string): Promise<bigint> => (await store.txn([], [{ key: keyOf(name), value: null }])).revision;

const feedOf = (store: Store, options: Partial<FeedOptions> = {}): Promise<Feed> => {
  const clock = manualClock();
  const usual = { history: { events: 100, bytes: 1_000_000 }, primeRevisions: 50, pageSize: 3, onTrouble: () => undefined };
  return startFeed({ store, clock, retryMs: 200, signal: new AbortController().signal, ...usual, ...options });
};

const names = (feed: Feed) =>
  feed
    .cacheOf(prefix)
    .range(prefix)
    .map(({ name }) => name);

/** A store whose watches a test can end as a store ends them. */
function breakable(inner: Store) {
  const open = new Set<Watcher>();
  const store: Store = {
    ...inner,
    watch(under, from, watcher) {
      open.add(watcher);
      const watch = inner.watch(under, from, {
        ...watcher,
        onEvents: (events, upTo) => open.has(watcher) && watcher.onEvents(events, upTo),
      });
      return {
        close() {
          open.delete(watcher);
          watch.close();
        },
      };
    },
  };
  /** Nothing more comes; who watches is told by the returned function. */
  const cut = () => {
    const watchers = [...open];
    open.clear();
    return (error: StoreError) => {
      for (const watcher of watchers) watcher.onEnd(error);
    };
  };
  return { store, cut, breakAll: (error: StoreError) => cut()(error) };
}

describe('the feed', () => {
  it('shows what was there, page by page, and what comes', async () => {
    const store = memoryStore();
    for (const name of ['e', 'd', 'c', 'b', 'a', 'g', 'f']) await put(store, name);
    await put(store, 's', '', 'core/secrets/');
    const feed = await feedOf(store);
    assert.deepEqual(names(feed), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    const seen: string[] = [];
    feed.cacheOf(prefix).listen((events) => {
      for (const { isDelete, object, previous } of events)
        seen.push(`${isDelete ? '-' : previous ? '~' : '+'}${object.name}@${object.revision} after ${previous?.revision ?? 'none'}`);
    });
    const changed = await put(store, 'a', 'new');
    const gone = await remove(store, 'b');
    const made = await put(store, 'z');
    assert.equal(await feed.reach(made, 1000), true);
    assert.deepEqual(seen, [`~a@${changed} after 6`, `-b@${gone} after 5`, `+z@${made} after none`]);
    assert.deepEqual(names(feed), ['a', 'c', 'd', 'e', 'f', 'g', 'z']);
    feed.close();
  });

  it('gives a cache its past, as far as it was told to look back', async () => {
    const store = memoryStore();
    const first = await put(store, 'a');
    const second = await put(store, 'b');
    const third = await put(store, 'a', 'new');
    const fourth = await remove(store, 'b');
    const feed = await feedOf(store, { primeRevisions: 3 });
    const cache = feed.cacheOf(prefix);
    assert.equal(cache.eventsAfter(first - 1n), null, 'older than it looked back');
    const told = cache
      .eventsAfter(first)
      ?.map(({ isDelete, object, previous }) => [isDelete, object.name, object.revision, previous?.revision]);
    assert.deepEqual(told, [
      [false, 'b', second, undefined],
      [false, 'a', third, first],
      [true, 'b', fourth, second],
    ]);
    assert.equal(feed.cacheOf('core/secrets/').eventsAfter(first - 1n), null, 'a resource without objects knows no more than the others');
    assert.deepEqual(feed.cacheOf('core/secrets/').eventsAfter(first), []);
    feed.close();
  });

  it('claims no past that did not fit', async () => {
    const store = memoryStore();
    const revisions: bigint[] = [];
    for (let at = 0; at < 40; at++) revisions.push(await put(store, `a${at % 4}`, 'x'.repeat(100)));
    for (const history of [
      { events: 10, bytes: 1_000_000 },
      { events: 1000, bytes: 3000 },
    ]) {
      const feed = await feedOf(store, { history });
      const cache = feed.cacheOf(prefix);
      const known = revisions.filter((revision) => cache.eventsAfter(revision) !== null);
      assert.ok(known.length > 2 && known.length < 30, `${known.length} revisions are known`);
      for (const revision of known) {
        const told = cache.eventsAfter(revision)?.map((event) => event.revision);
        assert.deepEqual(
          told,
          revisions.filter((each) => each > revision),
          `all after ${revision}`,
        );
      }
      feed.close();
    }
  });

  it('has no past when the store has compacted it, and starts all the same', async () => {
    const store = memoryStore();
    await put(store, 'a');
    const last = await put(store, 'b');
    await store.compact(last);
    const feed = await feedOf(store);
    assert.deepEqual(names(feed), ['a', 'b']);
    assert.equal(feed.cacheOf(prefix).eventsAfter(last - 1n), null);
    assert.deepEqual(feed.cacheOf(prefix).eventsAfter(last), []);
    feed.close();
  });

  it('lists anew when the store has compacted what it missed, and tells who must start again before anything newer', async () => {
    const { store, cut } = breakable(memoryStore());
    await put(store, 'a');
    await put(store, 'b');
    const troubles: unknown[] = [];
    const feed = await feedOf(store, { onTrouble: (error) => troubles.push(error) });
    const order: string[] = [];
    feed.cacheOf(prefix).listen((events) => order.push(...events.map(({ object }) => `event ${object.name}`)));
    feed.onReset(() => order.push(`reset, with ${names(feed)}`));
    const end = cut();
    await remove(store, 'a');
    const before = await put(store, 'c');
    end(new StoreError('Compacted', 'too old'));
    assert.equal(feed.isLive(), false);
    assert.equal(await feed.reach(before, 1000), true);
    const after = await put(store, 'd');
    await feed.reach(after, 1000);
    assert.deepEqual(order, ['reset, with b,c', 'event d']);
    assert.equal(feed.isLive(), true);
    assert.equal(troubles.length, 1);
    assert.equal(feed.cacheOf(prefix).eventsAfter(before - 1n), null, 'what happened in the gap is not known');
    assert.equal(feed.cacheOf(prefix).eventsAfter(before)?.length, 1);
    feed.close();
  });

  it('shows either the old state or the new one while it lists anew', async () => {
    const inner = memoryStore();
    const { store, breakAll } = breakable({
      ...inner,
      async list(under, page, signal) {
        await turn();
        return inner.list(under, page, signal);
      },
    });
    for (let at = 0; at < 20; at++) await put(store, `a${at}`);
    const feed = await feedOf(store);
    const atOnce = feed.revision();
    breakAll(new StoreError('Lost', 'gone'));
    for (let at = 0; at < 20; at++) await remove(store, `a${at}`);
    const last = await put(store, 'new');
    while (feed.revision() < last) {
      assert.equal(names(feed).length, 20);
      assert.equal(feed.revision(), atOnce, 'the revision belongs to what is shown');
      await turn();
    }
    assert.deepEqual(names(feed), ['new']);
    feed.close();
  });

  it('goes on trying while the store does not answer', async () => {
    const inner = memoryStore();
    let isDown = false;
    const { store, breakAll } = breakable({
      ...inner,
      list: (...args) => (isDown ? Promise.reject(new StoreError('Unavailable', 'down')) : inner.list(...args)),
    });
    await put(store, 'a');
    let tries = 0;
    const clock = manualClock();
    const feed = await feedOf(store, { clock, onTrouble: () => tries++ });
    isDown = true;
    breakAll(new StoreError('Lost', 'down'));
    for (let at = 0; at < 5; at++) {
      await turn();
      clock.advance(200);
    }
    await turn();
    assert.ok(tries > 4 && !feed.isLive());
    isDown = false;
    const made = await put(inner, 'b');
    const reached = feed.reach(made, 1000);
    clock.advance(200);
    assert.equal(await reached, true);
    assert.deepEqual(names(feed), ['a', 'b']);
    feed.close();
  });

  it('does not look for a lost store any more when the server is stopping', async () => {
    const store = memoryStore();
    const stop = new AbortController();
    let tries = 0;
    const feed = await feedOf(store, { signal: stop.signal, onTrouble: () => tries++ });
    stop.abort();
    await store.close();
    await turn();
    assert.equal(tries, 1);
    feed.close();
  });

  it('waits for a revision until it is there, or the deadline is', async () => {
    const clock = manualClock();
    const { store, hold, release } = delayedStore(memoryStore());
    const feed = await feedOf(store, { clock });
    hold();
    const made = await put(store, 'a');
    const late = feed.reach(made, 1000);
    const tooLate = feed.reach(made, 500);
    const never = feed.reach(made + 100n, 2000);
    clock.advance(600);
    assert.equal(await tooLate, false);
    release();
    assert.equal(await late, true);
    clock.advance(2000);
    assert.equal(await never, false);
    assert.equal(clock.nextInMs(), undefined, 'no timer is left');
    feed.close();
  });

  it('has one cache for each resource, also for one that comes later', async () => {
    const store = memoryStore();
    const feed = await feedOf(store);
    const met: string[] = [];
    feed.cacheOf(prefix);
    feed.onCache((cache) => met.push(cache.prefix));
    assert.equal(feed.cacheOf(prefix), feed.cacheOf(prefix));
    await feed.reach(await put(store, 'a', '', 'example.com/widgets/'), 1000);
    assert.deepEqual(met, [prefix, 'example.com/widgets/']);
    feed.close();
  });
});
