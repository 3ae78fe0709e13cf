import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { limits } from '../limits.ts';
import { pieceBytes } from '../pieces.ts';
import { memoryStore } from '../store/memory-store.ts';
import { StoreError, type Watcher } from '../store/store.ts';
import { memoryWatcher } from '../testing/memory-watcher.ts';
import { refusal, type TestCore, testCore, turn } from '../testing/test-core.ts';
import { widgetDefinition } from '../testing/widget-definition.ts';

const map = (name: string, labels: Record<string, string> = {}, namespace = 'default') => ({ metadata: { name, namespace, labels } });

const with_ = async (use: (server: TestCore) => Promise<void>, given: Parameters<typeof testCore>[0] = {}) => {
  const server = await testCore(given);
  await use(server);
  await server.close();
};

describe('a watch', () => {
  it('without a resourceVersion begins with all that is there, and goes on from there', () =>
    with_(async (server) => {
      await server.create('configmaps', map('a'));
      await server.create('configmaps', map('b'));
      const watcher = await server.watch('configmaps', 'default');
      await server.create('configmaps', map('c'));
      await server.remove('configmaps', 'default/a');
      server.clock.advance(100);
      assert.deepEqual(
        watcher.changes().map((text) => text.split('@')[0]),
        ['ADDED default/a', 'ADDED default/b', 'ADDED default/c', 'DELETED default/a'],
      );
    }));

  it('from a resourceVersion gives what followed it, each with the revision of its change', () =>
    with_(async (server) => {
      const made = await server.create('configmaps', map('a'));
      const changed = await server.patch('configmaps', 'default/a', { body: { data: { x: '1' } } });
      await server.remove('configmaps', 'default/a');
      const { revision } = await server.list('configmaps');
      const watcher = await server.watch('configmaps', 'default', { resourceVersion: made.metadata.resourceVersion });
      assert.deepEqual(watcher.changes(), [`MODIFIED default/a@${changed.metadata.resourceVersion}`, `DELETED default/a@${revision}`]);
    }));

  it('shows an object come and go as it starts and stops to match, in the state in which it last matched', () =>
    with_(async (server) => {
      const watcher = await server.watch('configmaps', '', { labelSelector: 'team=red' });
      await server.create('configmaps', { ...map('a', { team: 'blue' }), data: { n: '1' } });
      await server.patch('configmaps', 'default/a', { body: { metadata: { labels: { team: 'red' } }, data: { n: '2' } } });
      await server.patch('configmaps', 'default/a', { body: { data: { n: '3' } } });
      const left = await server.patch('configmaps', 'default/a', { body: { metadata: { labels: { team: 'blue' } }, data: { n: '4' } } });
      await server.remove('configmaps', 'default/a');
      server.clock.advance(100);
      const seen = watcher
        .events()
        .map(({ type, object }) => `${type} ${(object.data as { n: string }).n} ${object.metadata.labels?.team}`);
      assert.deepEqual(seen, ['ADDED 2 red', 'MODIFIED 3 red', 'DELETED 3 red']);
      assert.equal(watcher.events()[2]?.object.metadata.resourceVersion, left.metadata.resourceVersion);
    }));

  it('follows a field selector, also for fields of foreign kinds', () =>
    with_(
      async (server) => {
        await server.create('widgets.example.com', { ...map('a'), spec: { color: 'red' } });
        await server.create('widgets.example.com', { ...map('b'), spec: { color: 'blue' } });
        const watcher = await server.watch('widgets.example.com', '', { fieldSelector: 'spec.color=red' });
        await server.patch('widgets.example.com', 'default/b', { body: { spec: { color: 'red' } } });
        await server.patch('widgets.example.com', 'default/a', { body: { spec: { color: 'blue' } } });
        server.clock.advance(100);
        assert.deepEqual(
          watcher.changes().map((text) => text.split('@')[0]),
          ['ADDED default/a', 'ADDED default/b', 'DELETED default/a'],
        );
      },
      { definitions: [selectable()] },
    ));

  it('is told 410 when what it missed is no longer known, before or in the stream', () =>
    with_(
      async (server) => {
        const { revision } = await server.list('configmaps');
        for (let at = 0; at < 20; at++) await server.create('configmaps', map(`a${at}`));
        const error = await refusal(server.watch('configmaps', '', { resourceVersion: `${revision}` }));
        assert.deepEqual([error.code, error.reason], [410, 'Expired']);
      },
      { limits: { ...limits, history: { events: 10, bytes: 1_000_000 } } },
    ));

  it('ends with 410 when the server lost sight of the store, and sees nothing from beyond the gap', async () => {
    const inner = memoryStore();
    const feeds: Watcher[] = [];
    let isCut = false;
    const server = await testCore({
      store: {
        ...inner,
        watch(prefix, from, watcher) {
          feeds.push(watcher);
          return inner.watch(prefix, from, { ...watcher, onEvents: (events, upTo) => void (isCut || watcher.onEvents(events, upTo)) });
        },
      },
    });
    const watcher = await server.watch('configmaps');
    const feed = feeds.at(-1);
    isCut = true;
    await inner.txn([], [{ key: 'core/secrets/x/y', value: null }]);
    const writing = server.create('configmaps', map('unseen'));
    await writing;
    isCut = false;
    feed?.onEnd(new StoreError('Compacted', 'too old'));
    await turn();
    await server.create('configmaps', map('later'));
    server.clock.advance(100);
    assert.deepEqual(watcher.changes(), []);
    assert.deepEqual([watcher.error()?.code, watcher.error()?.reason, watcher.isOver()], [410, 'Expired', true]);
    await server.close();
  });

  it('gives bookmarks to those who want them, never ahead of an event', () =>
    with_(async (server) => {
      const plain = await server.watch('configmaps');
      const marked = await server.watch('configmaps', '', { allowWatchBookmarks: true });
      await server.create('configmaps', map('a'));
      await server.create('secrets', { metadata: { name: 's', namespace: 'default' } });
      server.clock.advance(limits.bookmarkMs);
      await turn();
      await server.create('configmaps', map('b'));
      server.clock.advance(100);
      assert.deepEqual(
        marked.events().map(({ type }) => type),
        ['ADDED', 'BOOKMARK', 'ADDED'],
      );
      assert.deepEqual(
        plain.events().map(({ type }) => type),
        ['ADDED', 'ADDED'],
      );
      const [added, bookmark] = marked.events();
      assert.equal(bookmark?.object.kind, 'ConfigMap');
      assert.ok(Number(bookmark?.object.metadata.resourceVersion) > Number(added?.object.metadata.resourceVersion));
    }));

  it('sends the initial events with a bookmark at their end when asked to', () =>
    with_(async (server) => {
      await server.create('configmaps', map('a'));
      const query = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true };
      const watcher = await server.watch('configmaps', '', query);
      await turn();
      assert.deepEqual(
        watcher.events().map(({ type }) => type),
        ['ADDED', 'BOOKMARK'],
      );
      assert.equal(watcher.events()[1]?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
      const quiet = await server.watch('configmaps', '', { ...query, sendInitialEvents: false });
      await turn();
      assert.deepEqual(quiet.events(), []);
    }));

  it('refuses sendInitialEvents and resourceVersionMatch without each other', () =>
    with_(async (server) => {
      for (const query of [
        { sendInitialEvents: true },
        { sendInitialEvents: true, resourceVersionMatch: 'Exact' },
        { resourceVersionMatch: 'NotOlderThan', resourceVersion: '1' },
      ]) {
        const error = await refusal(server.watch('configmaps', '', query));
        assert.deepEqual([error.reason, error.details?.causes?.[0]?.field], ['Invalid', 'resourceVersionMatch']);
      }
    }));
});

const selectable = () => {
  const definition = widgetDefinition();
  for (const version of definition.spec.versions) version.selectableFields = [{ jsonPath: '.spec.color' }];
  return definition;
};

describe('watchers of different speed', () => {
  const small = { ...limits, watcher: { ...limits.watcher, bufferBytes: 20_000 } };
  const big = (name: string) => ({ ...map(name), data: { x: 'x'.repeat(1_000) } });

  it('do not disturb each other: who falls behind is told 429 and cut off, the others see everything', () =>
    with_(
      async (server) => {
        const slow = await server.watch('configmaps');
        const fast = await server.watch('configmaps');
        const other = await server.watch('configmaps', '', { labelSelector: 'none=such' });
        slow.pause();
        for (let at = 0; at < 60; at++) {
          await server.create('configmaps', big(`a${at}`));
          server.clock.advance(10);
        }
        slow.resume();
        assert.equal(slow.isOver(), true);
        assert.deepEqual([slow.error()?.code, slow.error()?.reason], [429, 'TooManyRequests']);
        const seen = slow.changes();
        assert.deepEqual(seen, fast.changes().slice(0, seen.length), 'until then it missed nothing');
        assert.equal(fast.changes().length, 60);
        assert.equal(fast.isOver() || other.isOver(), false);
        assert.ok(slow.mostWaitingBytes() < 2 * small.watcher.bufferBytes, `${slow.mostWaitingBytes()} bytes were held`);
        assert.equal(server.core.hub.count(), 2);
      },
      { limits: small },
    ));

  it('get a large start at their own pace, with what happens meanwhile after it', () =>
    with_(
      async (server) => {
        const large = { x: 'x'.repeat(10_000) };
        for (let at = 0; at < 40; at++) await server.create('configmaps', { ...map(`a${at}`), data: large });
        const slow = memoryWatcher();
        slow.pause();
        await server.watch('configmaps', '', {}, slow);
        assert.ok(slow.mostWaitingBytes() <= pieceBytes, `${slow.mostWaitingBytes()} bytes of the start were held at once`);
        await server.create('configmaps', big('new'));
        await server.remove('configmaps', 'default/a0');
        server.clock.advance(10);
        slow.resume();
        await server.until('it has caught up', () => slow.changes().length === 42);
        assert.deepEqual(
          slow
            .changes()
            .slice(-2)
            .map((text) => text.split('@')[0]),
          ['ADDED default/new', 'DELETED default/a0'],
        );
        assert.equal(slow.isOver(), false);
      },
      { limits: { ...limits, watcher: { ...limits.watcher, bufferBytes: pieceBytes + 20_000 } } },
    ));

  it('are cut off while they catch up when too much happens meanwhile', () =>
    with_(
      async (server) => {
        for (let at = 0; at < 40; at++) await server.create('configmaps', big(`a${at}`));
        const slow = memoryWatcher();
        slow.pause();
        await server.watch('configmaps', '', {}, slow);
        for (let at = 0; at < 40; at++) {
          await server.create('configmaps', big(`b${at}`));
          server.clock.advance(10);
        }
        slow.resume();
        await turn();
        assert.equal(slow.error()?.reason, 'TooManyRequests');
        assert.equal(server.core.hub.count(), 0);
      },
      { limits: small },
    ));
});

describe('what comes quickly', () => {
  it('travels together, and nothing waits longer than it must', () =>
    with_(async (server) => {
      const watcher = await server.watch('configmaps');
      server.clock.advance(1_000);
      await server.create('configmaps', map('first'));
      assert.equal(watcher.changes().length, 1, 'the first goes at once');
      for (const name of ['b', 'c', 'd']) await server.create('configmaps', map(name));
      assert.equal(watcher.changes().length, 1);
      server.clock.advance(limits.watchCoalesceMs);
      assert.equal(watcher.changes().length, 4);
    }));

  it('reaches a newcomer once, whatever was still waiting for the others', () =>
    with_(async (server) => {
      const early = await server.watch('configmaps');
      server.clock.advance(1_000);
      for (const name of ['a', 'b', 'c']) await server.create('configmaps', map(name));
      const late = await server.watch('configmaps');
      const known = await server.watch('configmaps', '', { resourceVersion: `${(await server.list('configmaps')).revision}` });
      server.clock.advance(100);
      const names = (texts: string[]) => texts.map((text) => text.split('@')[0]);
      assert.deepEqual(names(early.changes()), ['ADDED default/a', 'ADDED default/b', 'ADDED default/c']);
      assert.deepEqual(names(late.changes()), names(early.changes()));
      assert.deepEqual(known.changes(), []);
    }));
});

type Step =
  | { do: 'write'; name: string; team: string; namespace: string }
  | { do: 'delete'; name: string; namespace: string }
  | { do: 'join'; back: number; selector: string; namespace: string }
  | { do: 'pause' | 'resume'; who: number }
  | { do: 'time'; ms: number };

const name = fc.constantFrom('a', 'b', 'c', 'd');
const namespace = fc.constantFrom('default', 'kube-system');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), name, team: fc.constantFrom('red', 'blue'), namespace }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name, namespace }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      back: fc.integer({ min: 0, max: 8 }),
      selector: fc.constantFrom('', 'team=red', 'team!=red', 'team in (red,blue)'),
      namespace: fc.constantFrom('', 'default', 'kube-system'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), who: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 0, max: 6 }) }) },
);

interface Past {
  revision: bigint;
  key: string;
  namespace: string;
  /** The team after the change; null when it is gone. */
  team: string | null;
  before: string | null;
}

const selects = (selector: string, team: string | null): boolean =>
  team !== null && (selector === 'team=red' ? team === 'red' : selector === 'team!=red' ? team !== 'red' : true);

/** What a watcher of `selector` in `within` must see of what happened after `from`: told by a model that knows nothing of caches. */
const expected = (past: readonly Past[], from: bigint, selector: string, within: string): string[] =>
  past.flatMap(({ revision, key, team, before, namespace: at }) => {
    if (revision <= from || (within !== '' && at !== within)) return [];
    const did = selects(selector, before);
    const does = selects(selector, team);
    if (!did && !does) return [];
    return [`${does ? (did ? 'MODIFIED' : 'ADDED') : 'DELETED'} ${key}@${revision}`];
  });

interface Joined {
  watcher: ReturnType<typeof memoryWatcher>;
  from: bigint;
  selector: string;
  within: string;
}

async function play(server: TestCore, steps: readonly Step[]): Promise<void> {
  const past: Past[] = [];
  const teams = new Map<string, string>();
  const joined: Joined[] = [];
  const start = await server.store.currentRevision();
  const record = async (key: string, at: string, team: string | null) => {
    past.push({ revision: await server.store.currentRevision(), key, namespace: at, team, before: teams.get(key) ?? null });
    if (team === null) teams.delete(key);
    else teams.set(key, team);
  };
  for (const [at, each] of steps.entries()) {
    const key = 'name' in each ? `${each.namespace}/${each.name}` : '';
    if (each.do === 'write') {
      const labels = { team: each.team };
      if (teams.has(key)) await server.patch('configmaps', key, { body: { metadata: { labels }, data: { at: `${at}` } } });
      else await server.create('configmaps', map(each.name, labels, each.namespace));
      await record(key, each.namespace, each.team);
    } else if (each.do === 'delete' && teams.has(key)) {
      await server.remove('configmaps', key);
      await record(key, each.namespace, null);
    } else if (each.do === 'join') {
      const from = past.at(-1 - each.back)?.revision ?? start;
      const query = { resourceVersion: `${from}`, labelSelector: each.selector };
      const watcher = await server.watch('configmaps', each.namespace, query);
      joined.push({ watcher, from, selector: each.selector, within: each.namespace });
    } else if (each.do === 'pause') joined[each.who % joined.length]?.watcher.pause();
    else if (each.do === 'resume') joined[each.who % joined.length]?.watcher.resume();
    else if (each.do === 'time') server.clock.advance(each.ms);
  }
  server.clock.advance(100);
  for (const { watcher, from, selector, within } of joined) {
    watcher.resume();
    assert.deepEqual(
      watcher.changes(),
      expected(past, from, selector, within),
      `from ${from}, ${selector || 'everything'} in ${within || 'all'}`,
    );
    assert.equal(watcher.isOver(), false);
    watcher.pause();
  }
  for (const key of teams.keys()) await server.remove('configmaps', key);
}

it('shows every watcher all that it may see, in order, nothing twice, and nothing that it may not', async () => {
  const server = await testCore();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), async (steps) => {
      await play(server, steps);
      server.core.hub.endAll();
    }),
    { numRuns: 60 },
  );
  await server.close();
});
