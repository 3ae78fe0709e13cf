import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { memoryStore } from '../store/memory-store.ts';
import { delayedStore } from '../testing/delayed-store.ts';
import { refusal, type TestCore, testCore, turn } from '../testing/test-core.ts';
import { widgetDefinition } from '../testing/widget-definition.ts';

const widgets = 'widgets.example.com';
const inNamespace = (namespace: string, name: string, more: object = {}) => ({ metadata: { name, namespace, ...more } });

/** Everything that the store holds of a namespace, whatever the caches say. */
const leftIn = async ({ store }: TestCore, namespace: string): Promise<string[]> =>
  (await store.list('')).entries.map(({ key }) => key).filter((key) => key.includes(`/${namespace}/`));

const isGone = (server: TestCore, namespace: string) => async () => (await server.find('namespaces', namespace)) === undefined;

describe('a namespace that is deleted', () => {
  it('is emptied of every kind, and only it', async () => {
    const server = await testCore({ definitions: [widgetDefinition()] });
    await server.create('namespaces', { metadata: { name: 'going' } });
    for (let at = 0; at < 40; at++) await server.create('configmaps', inNamespace('going', `m${at}`));
    await server.create(widgets, inNamespace('going', 'w'));
    await server.create('configmaps', inNamespace('default', 'stays'));
    await server.remove('namespaces', 'going');
    const terminating = await server.get('namespaces', 'going');
    assert.deepEqual(terminating.status, { phase: 'Terminating' });
    await server.until('the namespace is gone', isGone(server, 'going'));
    assert.deepEqual(await leftIn(server, 'going'), []);
    assert.ok(await server.find('configmaps', 'default/stays'));
    await server.create('namespaces', { metadata: { name: 'going' } });
    await server.create('configmaps', inNamespace('going', 'again'));
    await server.close();
  });

  it('takes nothing new, and waits for what finalizers hold, saying so', async () => {
    const server = await testCore();
    await server.create('namespaces', { metadata: { name: 'going' } });
    await server.create('configmaps', inNamespace('going', 'held', { finalizers: ['a.b/c'] }));
    await server.remove('namespaces', 'going');
    const error = await refusal(server.create('configmaps', inNamespace('going', 'late')));
    assert.deepEqual([error.code, error.details?.causes?.[0]?.reason], [403, 'NamespaceTerminating']);
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } };
    assert.equal((await refusal(server.patch('configmaps', 'going/late', { how: 'apply', body }))).code, 403);
    const conditions = async () => ((await server.find('namespaces', 'going'))?.status as { conditions?: { type: string }[] })?.conditions;
    await server.until('it says what holds it', async () => ((await conditions())?.length ?? 0) > 0);
    await server.patch('configmaps', 'going/held', { body: { metadata: { finalizers: null } } });
    await server.until('the namespace is gone', isGone(server, 'going'));
    assert.deepEqual(await leftIn(server, 'going'), []);
    await server.close();
  });

  it('is not one that the server needs itself', async () => {
    const server = await testCore();
    for (const name of ['default', 'kube-system', 'river-system']) {
      assert.equal((await refusal(server.remove('namespaces', name))).reason, 'Forbidden');
    }
    await server.close();
  });

  it('cannot lose its finalizer by an ordinary write, only through its subresource', async () => {
    const server = await testCore();
    const made = await server.create('namespaces', { metadata: { name: 'going' } });
    assert.deepEqual(made.spec, { finalizers: ['kubernetes'] });
    const { spec: _, ...without } = made;
    await server.update('namespaces', without as typeof made);
    await server.patch('namespaces', 'going', { body: { spec: null } });
    await server.patch('namespaces', 'going', { body: { spec: { finalizers: [] } }, subresource: 'status' });
    assert.deepEqual((await server.get('namespaces', 'going')).spec, { finalizers: ['kubernetes'] });
    await server.patch('namespaces', 'going', { body: { spec: { finalizers: ['kubernetes', 'me.example/x'] } }, subresource: 'finalize' });
    await server.remove('namespaces', 'going');
    await server.until('the server has let go', async () => {
      const spec = (await server.get('namespaces', 'going')).spec as { finalizers: string[] };
      return spec.finalizers.join() === 'me.example/x';
    });
    await server.patch('namespaces', 'going', { body: { spec: { finalizers: [] } }, subresource: 'finalize' });
    assert.equal(await server.find('namespaces', 'going'), undefined);
    await server.close();
  });

  it('is emptied of all that lets itself be deleted, though something in it may not be', async () => {
    const server = await testCore();
    await server.create('namespaces', { metadata: { name: 'going' } });
    for (const name of ['a', 'b', 'c']) await server.create('configmaps', inNamespace('going', name));
    const admit = server.core.admission.admit;
    server.core.admission.admit = (request) => {
      if (request.operation === 'DELETE' && request.oldObject?.metadata.name === 'a') throw new Error('not this one');
      admit(request);
    };
    await server.remove('namespaces', 'going');
    await server.until('only that is left', async () => (await leftIn(server, 'going')).join() === 'core/configmaps/going/a');
    server.core.admission.admit = admit;
    await server.until('the namespace is gone', isGone(server, 'going'));
    await server.close();
  });
});

type Act =
  | { do: 'create'; by: 0 | 1; name: string }
  | { do: 'apply'; by: 0 | 1; name: string }
  | { do: 'delete namespace'; by: 0 | 1 }
  | { do: 'turn' }
  | { do: 'hold' }
  | { do: 'release' };

const by = fc.constantFrom(0 as const, 1 as const);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('create' as const, 'apply' as const), by, name: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'hold' as const, 'release' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete namespace' as const), by }) },
);

it('leaves nothing behind, however creations by two servers fall together with its deletion', async () => {
  const shared = memoryStore();
  const lagging = delayedStore(shared);
  const servers = [await testCore({ store: shared }), await testCore({ store: lagging.store })] as const;
  const [one, two] = servers;
  let round = 0;
  const settle = async (what: string, holds: () => Promise<boolean>) =>
    one.until(what, async () => {
      two.clock.advance(50);
      return holds();
    });
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 25, size: 'max' }), async (acts) => {
      const namespace = `n${++round}`;
      await one.create('namespaces', { metadata: { name: namespace } });
      const open: Promise<unknown>[] = [];
      const start = (made: Promise<unknown>) => open.push(made.catch(() => undefined));
      for (const each of acts) {
        if (each.do === 'turn') await turn();
        else if (each.do === 'hold') lagging.hold();
        else if (each.do === 'release') lagging.release();
        else if (each.do === 'delete namespace') start(servers[each.by].remove('namespaces', namespace));
        else if (each.do === 'create') start(servers[each.by].create('configmaps', inNamespace(namespace, each.name)));
        else {
          const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: each.name } };
          start(servers[each.by].patch('configmaps', `${namespace}/${each.name}`, { how: 'apply', body }));
        }
      }
      start(one.remove('namespaces', namespace));
      const late = Promise.all([turn(), ...open]);
      lagging.release();
      await late;
      await settle('the namespace is gone', isGone(one, namespace));
      assert.deepEqual(await leftIn(one, namespace), []);
    }),
    { numRuns: 40 },
  );
  await Promise.all([one.close(), two.close()]);
});
