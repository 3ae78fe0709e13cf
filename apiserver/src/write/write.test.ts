import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiError, type KubeObject } from '@river/crds';
import { memoryStore } from '../store/memory-store.ts';
import { StoreError } from '../store/store.ts';
import { delayedStore } from '../testing/delayed-store.ts';
import { refusal, type TestCore, testCore } from '../testing/test-core.ts';
import { widgetDefinition } from '../testing/widget-definition.ts';

const widgets = 'widgets.example.com';
const map = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'default' }, ...more });

describe('writes', () => {
  let server: TestCore;
  let count = 0;
  /** A name that no other test has used. */
  const fresh = () => `x${++count}`;
  const revision = () => server.store.currentRevision();
  before(async () => {
    server = await testCore({ definitions: [widgetDefinition(), widgetDefinition({ kind: 'Plain', hasStatus: false })] });
  });
  after(() => server.close());

  describe('of new objects', () => {
    it('stamp what the server knows, and drop what a client may not say', async () => {
      const name = fresh();
      const made = await server.create(widgets, {
        metadata: { name, namespace: 'default', uid: 'mine', generation: 7, creationTimestamp: '2001-01-01T00:00:00Z', labels: {} },
        spec: { size: 1 },
        status: { ready: true },
      });
      const { uid, generation, creationTimestamp, resourceVersion, managedFields, ...others } = made.metadata;
      assert.deepEqual(others, { name, namespace: 'default' });
      assert.match(uid ?? '', /^uid-/);
      assert.deepEqual([generation, creationTimestamp], [1, '2026-01-01T00:00:00Z']);
      assert.equal(resourceVersion, `${await revision()}`);
      assert.equal(managedFields?.[0]?.manager, 'test');
      assert.equal(made.status, undefined, 'the status is written apart');
      assert.deepEqual(await server.get(widgets, `default/${name}`), made);
    });

    it('are refused when the name is taken, with nothing written', async () => {
      const name = fresh();
      await server.create('configmaps', map(name));
      const before = await revision();
      const error = await refusal(server.create('configmaps', map(name)));
      assert.deepEqual([error.code, error.reason, error.details?.name, error.details?.kind], [409, 'AlreadyExists', name, 'configmaps']);
      assert.equal(await revision(), before);
    });

    it('get another generated name when the first is taken', async () => {
      const base = fresh();
      const first = await server.create('configmaps', { metadata: { generateName: `${base}-`, namespace: 'default' } });
      const next = Number(first.metadata.name.slice(`${base}-g`.length)) + 1;
      await server.create('configmaps', map(`${base}-g${next}`));
      await server.create('configmaps', map(`${base}-g${next + 1}`));
      const second = await server.create('configmaps', { metadata: { generateName: `${base}-`, namespace: 'default' } });
      assert.equal(second.metadata.name, `${base}-g${next + 2}`);
      assert.equal(second.metadata.generateName, `${base}-`);
    });

    it('are refused without a name, with a resourceVersion, in another namespace than the address says, and where there is none', async () => {
      const at = (metadata: object) => refusal(server.create('configmaps', { metadata: { namespace: 'default', ...metadata } }));
      assert.equal((await at({})).reason, 'Invalid');
      assert.equal((await at({ name: 'a', resourceVersion: '1' })).reason, 'BadRequest');
      assert.equal((await at({ name: 'Not A Name' })).reason, 'Invalid');
      const nowhere = await at({ name: 'a', namespace: 'nowhere' });
      assert.deepEqual([nowhere.reason, nowhere.details?.kind], ['NotFound', 'namespaces']);
    });
  });

  describe('of objects that are there', () => {
    const made = (more: object = { spec: { size: 1 } }) => server.create(widgets, map(fresh(), more));
    const at = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`;

    it('are refused when they are about an older state', async () => {
      const first = await made();
      await server.update(widgets, { ...first, spec: { size: 2 } });
      const error = await refusal(server.update(widgets, { ...first, spec: { size: 3 } }));
      assert.deepEqual([error.code, error.reason], [409, 'Conflict']);
      assert.deepEqual((await server.get(widgets, at(first))).spec, { size: 2 });
    });

    it('need a resourceVersion where Kubernetes asks for one', async () => {
      const { metadata, ...first } = await made();
      const { resourceVersion: _, ...blind } = metadata;
      const error = await refusal(server.update(widgets, { ...first, metadata: blind }));
      assert.deepEqual([error.reason, error.details?.causes?.[0]?.field], ['Invalid', 'metadata.resourceVersion']);
      const name = fresh();
      await server.create('configmaps', map(name));
      await server.update('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', ...map(name, { data: { a: '1' } }) });
    });

    it('that change nothing make no revision, also when only a manager or an order differs', async () => {
      const first = await made({ spec: { size: 1, color: 'red' } });
      const before = await revision();
      const same = await server.update(widgets, { ...first, spec: { color: 'red', size: 1 } });
      await server.patch(widgets, at(first), { body: { spec: { size: 1 } } });
      await server.patch(widgets, at(first), { body: [], how: 'json' });
      await server.patch(widgets, at(first), { body: { metadata: { labels: { never: null } } } });
      assert.equal(await revision(), before);
      assert.equal(same.metadata.resourceVersion, first.metadata.resourceVersion);
    });

    it('count the generation for what is wanted, not for metadata and status', async () => {
      const first = await made();
      const generation = async (body: object, subresource: '' | 'status' = '') =>
        (await server.patch(widgets, at(first), { body: body as never, subresource })).metadata.generation;
      assert.equal(await generation({ metadata: { labels: { a: '1' } } }), 1);
      assert.equal(await generation({ status: { ready: true } }, 'status'), 1);
      assert.equal(await generation({ spec: { size: 2 } }), 2);
      assert.equal(await generation({ spec: { size: 2 } }), 2);
      assert.equal(await generation({ metadata: { finalizers: ['a.b/c'] } }), 2);
      await server.remove(widgets, at(first));
      assert.equal((await server.get(widgets, at(first))).metadata.generation, 3, 'deletion is wanted too');
    });

    it('count the status as well where it is not apart', async () => {
      const first = await server.create('plains.example.com', map(fresh(), { spec: { size: 1 }, status: { ready: false } }));
      const next = await server.patch('plains.example.com', at(first), { body: { status: { ready: true } } });
      assert.deepEqual([next.metadata.generation, next.status], [2, { ready: true }]);
    });

    it('of the status change nothing else, and others do not change the status', async () => {
      const first = await made();
      const body = { spec: { size: 9 }, status: { ready: true }, metadata: { labels: { a: '1' } } };
      const status = await server.patch(widgets, at(first), { body, subresource: 'status' });
      assert.deepEqual([status.spec, status.status, status.metadata.labels], [{ size: 1 }, { ready: true }, undefined]);
      const spec = await server.patch(widgets, at(first), { body: { ...body, status: null } });
      assert.deepEqual([spec.spec, spec.status, spec.metadata.labels], [{ size: 9 }, { ready: true }, { a: '1' }]);
    });

    it('may not change who the object is', async () => {
      const first = await made();
      const patched = await server.patch(widgets, at(first), {
        body: { metadata: { creationTimestamp: '2001-01-01T00:00:00Z', generation: 99, deletionTimestamp: '2001-01-01T00:00:00Z' } },
      });
      assert.deepEqual(patched, first);
      const other = await refusal(server.patch(widgets, at(first), { body: { metadata: { uid: 'another' } } }));
      assert.equal(other.reason, 'Conflict');
      assert.equal((await refusal(server.patch(widgets, at(first), { body: { metadata: { name: 'another' } } }))).reason, 'BadRequest');
      assert.equal((await refusal(server.update(widgets, { ...first, kind: 'Other' }))).reason, 'BadRequest');
    });

    it('are refused as not found when there is nothing, but for an apply', async () => {
      const name = fresh();
      assert.equal((await refusal(server.patch(widgets, `default/${name}`, { body: { spec: {} } }))).reason, 'NotFound');
      const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec: { size: 4 } };
      const applied = await server.patch(widgets, `default/${name}`, { body, how: 'apply' });
      assert.deepEqual([applied.spec, applied.metadata.generation], [{ size: 4 }, 1]);
      const before = await revision();
      await server.patch(widgets, `default/${name}`, { body, how: 'apply' });
      assert.equal(await revision(), before, 'applied again, nothing happens');
    });
  });

  describe('of deletions', () => {
    const held = () =>
      server.create('configmaps', { metadata: { name: fresh(), namespace: 'default', finalizers: ['a.b/one', 'a.b/two'] } });
    const at = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`;

    it('take what nothing holds at once', async () => {
      const made = await server.create('configmaps', map(fresh()));
      assert.equal((await server.remove('configmaps', at(made))).outcome, 'deleted');
      assert.equal(await server.find('configmaps', at(made)), undefined);
      assert.equal((await refusal(server.remove('configmaps', at(made)))).reason, 'NotFound');
    });

    it('mark what is held, once, and let it go with its last finalizer', async () => {
      const made = await held();
      assert.equal((await server.remove('configmaps', at(made))).outcome, 'updated');
      const marked = await server.get('configmaps', at(made));
      assert.equal(marked.metadata.deletionTimestamp, '2026-01-01T00:00:00Z');
      const before = await revision();
      assert.equal((await server.remove('configmaps', at(made))).outcome, 'unchanged');
      assert.equal(await revision(), before);
      await server.patch('configmaps', at(made), { body: { data: { still: 'editable' } } });
      await server.patch('configmaps', at(made), { body: { metadata: { finalizers: ['a.b/two'] } } });
      const added = await refusal(server.patch('configmaps', at(made), { body: { metadata: { finalizers: ['a.b/two', 'a.b/new'] } } }));
      assert.deepEqual([added.reason, added.details?.causes?.[0]?.field], ['Invalid', 'metadata.finalizers']);
      await server.patch('configmaps', at(made), { body: { metadata: { finalizers: null } } });
      assert.equal(await server.find('configmaps', at(made)), undefined);
    });

    it('happen only to the object that was meant', async () => {
      const made = await server.create('configmaps', map(fresh()));
      const { uid = '', resourceVersion = '' } = made.metadata;
      const wrong = async (preconditions: object) => (await refusal(server.remove('configmaps', at(made), { preconditions }))).reason;
      assert.equal(await wrong({ uid: 'another' }), 'Conflict');
      assert.equal(await wrong({ resourceVersion: '1' }), 'Conflict');
      assert.equal((await server.remove('configmaps', at(made), { preconditions: { uid, resourceVersion } })).outcome, 'deleted');
    });
  });

  it('reach the store only once they are recorded, and never when they cannot be', async () => {
    const name = fresh();
    const writes: Record<string, (recorded: () => Promise<void>) => Promise<unknown>> = {
      create: (recorded) => server.create('configmaps', map(name), { recorded }),
      update: (recorded) => server.update('configmaps', map(name, { data: { a: '1' } }) as KubeObject, '', { recorded }),
      patch: (recorded) => server.patch('configmaps', `default/${name}`, { body: { data: { b: '2' } }, options: { recorded } }),
      remove: (recorded) => server.remove('configmaps', `default/${name}`, {}, { recorded }),
    };
    for (const [what, write] of Object.entries(writes)) {
      const before = await revision();
      const full = new ApiError('ServiceUnavailable', 'the log is full');
      assert.equal(await refusal(write(() => Promise.reject(full))), full, what);
      const recorded = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      const written = write(() => {
        asked.resolve();
        return recorded.promise;
      });
      await asked.promise;
      // A write that did not wait would be there by now.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await revision(), before, what);
      recorded.resolve();
      await written;
      assert.equal(await revision(), before + 1n, what);
    }
  });

  describe('that are only tried', () => {
    const dry = { isDryRun: true };

    it('answer as if they had been made, and write nothing', async () => {
      const name = fresh();
      const before = await revision();
      const tried = await server.create(widgets, map(name, { spec: { size: 1 } }), dry);
      assert.deepEqual([tried.metadata.name, tried.metadata.generation], [name, 1]);
      assert.equal(await server.find(widgets, `default/${name}`), undefined);
      assert.equal(await revision(), before);
      const made = await server.create(widgets, map(name, { spec: { size: 1 } }));
      const after = await revision();
      const updated = await server.patch(widgets, `default/${name}`, { body: { spec: { size: 2 } }, options: dry });
      assert.deepEqual([updated.spec, updated.metadata.generation], [{ size: 2 }, 2]);
      assert.equal((await server.remove(widgets, `default/${name}`, {}, dry)).outcome, 'deleted');
      assert.equal((await refusal(server.create(widgets, map(name), dry))).reason, 'AlreadyExists');
      assert.deepEqual(await server.get(widgets, `default/${name}`), made);
      assert.equal(await revision(), after);
    });
  });
});

describe('writes of two servers through one store', () => {
  const both = async () => {
    const shared = memoryStore();
    const lagging = delayedStore(shared);
    const one = await testCore({ store: shared });
    const two = await testCore({ store: lagging.store });
    return { one, two, lagging, close: () => Promise.all([one.close(), two.close()]) };
  };

  it('decide again from the store when the cache was stale', async () => {
    const { one, two, lagging, close } = await both();
    const made = await one.create('configmaps', map('a', { data: { one: '1' } }));
    await two.get('configmaps', 'default/a');
    lagging.hold();
    await one.patch('configmaps', 'default/a', { body: { data: { two: '2' } } });
    const patched = await two.patch('configmaps', 'default/a', { body: { data: { three: '3' } } });
    assert.deepEqual(patched.data, { one: '1', two: '2', three: '3' });
    assert.equal((await refusal(two.update('configmaps', made))).reason, 'Conflict');
    await one.create('configmaps', map('b'));
    assert.equal((await refusal(two.create('configmaps', map('b')))).reason, 'AlreadyExists');
    assert.equal((await refusal(two.create('configmaps', map('b'), { isDryRun: true }))).reason, 'AlreadyExists', 'also when only tried');
    assert.deepEqual(
      (await two.patch('configmaps', 'default/b', { body: { data: { x: '1' } } })).data,
      { x: '1' },
      'it is not in the cache yet',
    );
    await one.remove('configmaps', 'default/b');
    assert.equal((await refusal(two.patch('configmaps', 'default/b', { body: {} }))).reason, 'NotFound');
    await two.create('configmaps', map('b'));
    lagging.release();
    await close();
  });

  it('see what is unchanged in the store, not in a stale cache', async () => {
    const { one, two, lagging, close } = await both();
    await one.create('configmaps', map('a', { data: { x: '1' } }));
    await two.get('configmaps', 'default/a');
    lagging.hold();
    await one.patch('configmaps', 'default/a', { body: { data: { x: '2' } } });
    const back = await two.patch('configmaps', 'default/a', { body: { data: { x: '1' } } });
    assert.deepEqual(back.data, { x: '1' });
    lagging.release();
    assert.deepEqual((await one.get('configmaps', 'default/a')).data, { x: '1' });
    await close();
  });

  it('wait for news of the namespace instead of giving up a creation', async () => {
    const { one, two, lagging, close } = await both();
    lagging.hold();
    await one.patch('namespaces', 'default', { body: { metadata: { labels: { a: '1' } } } });
    const creating = two.create('configmaps', map('a'));
    await new Promise(setImmediate);
    lagging.release();
    assert.equal((await creating).metadata.name, 'a');
    await close();
  });

  it('all take part when many change one object at once', async () => {
    const { one, two, close } = await both();
    await one.create('configmaps', map('a', { data: {} }));
    const writes = Array.from({ length: 20 }, (_, at) =>
      (at % 2 === 0 ? one : two).patch('configmaps', 'default/a', { body: { data: { [`k${at}`]: `${at}` } } }),
    );
    await Promise.all(writes);
    assert.equal(Object.keys((await one.get('configmaps', 'default/a')).data as object).length, 20);
    await close();
  });
});

describe('a store that fails', () => {
  it('is told apart: a write may have happened, a full store has written nothing', async () => {
    const inner = memoryStore();
    let failure: StoreError | null = null;
    const server = await testCore({
      store: { ...inner, txn: (...args) => (failure ? Promise.reject(failure) : inner.txn(...args)) },
    });
    failure = new StoreError('Unavailable', 'no answer');
    const unknown = await refusal(server.create('configmaps', map('a')));
    assert.deepEqual([unknown.code, unknown.reason, unknown.details?.retryAfterSeconds], [504, 'Timeout', 1]);
    failure = new StoreError('Full', 'quota');
    assert.deepEqual((await refusal(server.create('configmaps', map('a')))).reason, 'ServiceUnavailable');
    failure = null;
    await server.create('configmaps', map('a'));
    await server.close();
  });
});
