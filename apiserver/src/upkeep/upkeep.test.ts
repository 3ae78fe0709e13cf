import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manualClock } from '@river/runtime';
import { memoryStore } from '../store/memory-store.ts';
import { type TestCore, testCore, turn } from '../testing/test-core.ts';

const minuteMs = 60_000;

const pass = async (server: TestCore, minutes: number) => {
  for (let at = 0; at < minutes; at++) {
    server.clock.advance(minuteMs);
    await turn();
    await turn();
  }
};

const event = (name: string, more: object = {}) => ({
  metadata: { name, namespace: 'default' },
  involvedObject: { kind: 'Task', name: 't', namespace: 'default' },
  ...more,
});

describe('events', () => {
  it('go an hour after their last change, and others stay', async () => {
    const server = await testCore();
    await server.create('events', event('once'));
    await server.create('events', event('again'));
    await server.create('configmaps', { metadata: { name: 'stays', namespace: 'default' } });
    await pass(server, 40);
    await server.patch('events', 'default/again', { body: { count: 2 } });
    await pass(server, 30);
    assert.deepEqual((await server.list('events')).names, ['again']);
    await pass(server, 40);
    assert.deepEqual((await server.list('events')).names, []);
    assert.deepEqual((await server.list('configmaps')).names, ['stays']);
    await server.close();
  });

  it('that were old already when the server started go at once, unless they tell of something new', async () => {
    const store = memoryStore();
    const before = await testCore({ store });
    await before.create('events', event('old'));
    await before.create('events', event('renewed', { lastTimestamp: '2026-01-01T04:30:00Z' }));
    before.core.stop();
    const later = await testCore({ store, clock: manualClock(Date.UTC(2026, 0, 1, 5)) });
    assert.deepEqual((await later.list('events')).names, ['old', 'renewed']);
    await pass(later, 2);
    assert.deepEqual((await later.list('events')).names, ['renewed']);
    await later.close();
  });

  it('go however many there are', async () => {
    const server = await testCore();
    for (let at = 0; at < 1_200; at++) await server.create('events', event(`e${at}`));
    await pass(server, 63);
    await server.until('all are gone', async () => (await server.list('events')).names.length === 0);
    await server.close();
  });
});

describe('history', () => {
  const compacting = () => {
    const inner = memoryStore();
    const compactions: bigint[] = [];
    const compact = (revision: bigint) => {
      compactions.push(revision);
      return inner.compact(revision);
    };
    return { compactions, store: { ...inner, compact } };
  };

  it('is kept for five to ten minutes', async () => {
    const { store, compactions } = compacting();
    const server = await testCore({ store });
    await pass(server, 4);
    const made = await server.create('configmaps', { metadata: { name: 'a', namespace: 'default' } });
    const revision = BigInt(made.metadata.resourceVersion ?? 0);
    await server.patch('configmaps', 'default/a', { body: { data: { x: '1' } } });
    await pass(server, 5);
    assert.ok(compactions.every((mark) => mark < revision));
    await pass(server, 6);
    assert.equal(compactions.at(-1), await store.currentRevision());
    await server.close();
  });

  it('is left alone while nothing is written', async () => {
    const { store, compactions } = compacting();
    const server = await testCore({ store });
    const before = await store.currentRevision();
    await pass(server, 60);
    assert.deepEqual(compactions, []);
    assert.equal(await store.currentRevision(), before, 'an idle server writes nothing');
    await server.close();
  });
});
