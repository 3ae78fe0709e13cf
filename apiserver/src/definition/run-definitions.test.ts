import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Condition, CustomResourceDefinition, KubeObject, StructuralSchema } from '@river/crds';
import fc from 'fast-check';
import { memoryStore } from '../store/memory-store.ts';
import { delayedStore } from '../testing/delayed-store.ts';
import { memoryWatcher } from '../testing/memory-watcher.ts';
import { refusal, type TestCore, testCore, turn } from '../testing/test-core.ts';
import { type WidgetOptions, widgetDefinition } from '../testing/widget-definition.ts';

const definitions = 'customresourcedefinitions.apiextensions.k8s.io';
const widgets = 'widgets.example.com';
const map = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'default' }, ...more });

const withServer = async (use: (server: TestCore) => Promise<void>) => {
  const server = await testCore();
  await use(server);
  await server.close();
};

const define = (server: TestCore, options: WidgetOptions = {}): Promise<KubeObject> =>
  server.create(definitions, widgetDefinition(options) as never);

const asCrd = (object: KubeObject | undefined) => object as unknown as CustomResourceDefinition | undefined;

/** `Established=True NamesAccepted=False/KindConflict` */
const conditions = async (server: TestCore, name: string): Promise<string> =>
  (asCrd(await server.find(definitions, name))?.status?.conditions ?? [])
    .map(({ type, status, reason }: Condition) => `${type}=${status}${status === 'True' ? '' : `/${reason}`}`)
    .sort()
    .join(' ');

const accepted = 'Established=True NamesAccepted=True';
const isServed = (server: TestCore, name = widgets) =>
  server.until(`${name} is served`, async () => (await conditions(server, name)) === accepted);

describe('a definition', () => {
  it('is served as soon as its names are accepted, and says so', () =>
    withServer(async (server) => {
      const made = asCrd(await define(server));
      assert.deepEqual(made?.spec.names, { plural: 'widgets', kind: 'Widget', singular: 'widget', listKind: 'WidgetList' });
      assert.deepEqual(made?.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io']);
      await isServed(server);
      const { status } = asCrd(await server.get(definitions, widgets)) ?? {};
      assert.deepEqual(status?.acceptedNames, { plural: 'widgets', kind: 'Widget', singular: 'widget', listKind: 'WidgetList' });
      assert.deepEqual(status?.storedVersions, ['v1']);
      await server.create(widgets, map('a', { spec: { size: 1 } }));
    }));

  it('is refused when a Kubernetes API server would refuse it', () =>
    withServer(async (server) => {
      const wrong = async (options: WidgetOptions) => (await refusal(define(server, options))).details?.causes?.map(({ field }) => field);
      assert.deepEqual(await wrong({ names: { plural: 'widgets', shortNames: ['Bad'] } }), ['spec.names.shortNames[0]']);
      const rules: StructuralSchema = { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.nothing == 1' }] };
      assert.deepEqual(await wrong({ schema: rules }), ['spec.versions[0].schema.openAPIV3Schema.x-kubernetes-validations[0].rule']);
      assert.ok((await wrong({ schema: { type: 'object', properties: { spec: {} } } }))?.[0]?.includes('openAPIV3Schema'));
    }));

  it('may say null for what it does not say', () =>
    withServer(async (server) => {
      const definition = JSON.parse(JSON.stringify(widgetDefinition()));
      const { openAPIV3Schema } = definition.spec.versions[0].schema;
      openAPIV3Schema.properties.spec.description = null;
      openAPIV3Schema.properties.spec.required = null;
      openAPIV3Schema.items = null;
      const made = await server.create(definitions, definition);
      assert.equal(JSON.stringify(made.spec).includes('null'), false);
      await isServed(server);
    }));

  it('waits while another holds one of its names, and takes it when that one goes', () =>
    withServer(async (server) => {
      await define(server);
      await isServed(server);
      await define(server, { names: { plural: 'gadgets', kind: 'Widget' } });
      const rival = 'gadgets.example.com';
      const waits = 'Established=False/NotAccepted NamesAccepted=False/ListKindConflict';
      await server.until('it says why it waits', async () => (await conditions(server, rival)) === waits);
      assert.throws(() => server.target(rival), /not served/);
      await server.remove(definitions, widgets);
      await isServed(server, rival);
      await server.create(rival, map('a'));
    }));

  it('takes a name also when the other gives it back', () =>
    withServer(async (server) => {
      await define(server, { names: { shortNames: ['wi'] } });
      await define(server, { kind: 'Wick', names: { shortNames: ['wi'] } });
      const rival = 'wicks.example.com';
      await server.until('one of them waits', async () => (await conditions(server, rival)).includes('ShortNamesConflict'));
      await server.patch(definitions, widgets, { body: { spec: { names: { shortNames: ['wg'] } } } });
      await isServed(server, rival);
      assert.deepEqual(asCrd(await server.get(definitions, rival))?.status?.acceptedNames?.shortNames, ['wi']);
    }));

  it('does not share a name with another that came at the same time', () =>
    withServer(async (server) => {
      const plurals = ['alphas', 'betas', 'gammas'];
      await Promise.all(plurals.map((plural) => define(server, { names: { plural, kind: 'Thing' } })));
      const states = () => Promise.all(plurals.map((plural) => conditions(server, `${plural}.example.com`)));
      await server.until('all are settled', async () => (await states()).every((state) => state !== ''));
      assert.equal((await states()).filter((state) => state === accepted).length, 1);
    }));

  it('may take a name that another group uses', () =>
    withServer(async (server) => {
      await define(server);
      await define(server, { group: 'other.example.com' });
      await isServed(server);
      await isServed(server, 'widgets.other.example.com');
      await server.create(widgets, map('a'));
      assert.deepEqual((await server.list('widgets.other.example.com')).names, []);
    }));
});

describe('a definition that is deleted', () => {
  it('takes its objects with it, refuses new ones, and comes back empty', () =>
    withServer(async (server) => {
      await define(server);
      await isServed(server);
      for (let at = 0; at < 40; at++) await server.create(widgets, map(`w${at}`));
      await server.create(widgets, { metadata: { name: 'held', namespace: 'default', finalizers: ['a.b/c'] } });
      const watcher = await server.watch(widgets);
      await server.remove(definitions, widgets);
      await server.until('only what is held is left', async () => (await server.list(widgets)).names.join() === 'held');
      assert.equal((await refusal(server.create(widgets, map('late')))).reason, 'MethodNotAllowed');
      const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'late' } };
      assert.equal((await refusal(server.patch(widgets, 'default/late', { how: 'apply', body }))).reason, 'MethodNotAllowed');
      await server.patch(widgets, 'default/held', { body: { metadata: { finalizers: null } } });
      await server.until('the definition is gone', async () => (await server.find(definitions, widgets)) === undefined);
      assert.throws(() => server.target(widgets), /not served/);
      assert.equal(watcher.changes().filter((text) => text.startsWith('DELETED')).length, 41, 'its watchers saw all of them go');
      assert.equal(watcher.isOver(), true);
      await define(server);
      await isServed(server);
      assert.deepEqual((await server.list(widgets)).names, []);
      await server.create(widgets, map('again'));
    }));

  it('and made again at once is served anew', () =>
    withServer(async (server) => {
      for (let round = 0; round < 5; round++) {
        await define(server);
        await isServed(server);
        await server.create(widgets, map('a'));
        await server.remove(definitions, widgets);
        await server.until('it is gone', async () => (await server.find(definitions, widgets)) === undefined);
      }
    }));
});

describe('a definition that changes', () => {
  const spec = (properties: object, preserved: object = {}) => ({
    type: 'object',
    properties: { spec: { type: 'object', properties, ...preserved } },
  });
  const changeSchema = async (server: TestCore, schema: object) => {
    const definition = asCrd(await server.get(definitions, widgets));
    for (const version of definition?.spec.versions ?? []) version.schema = { openAPIV3Schema: schema as never };
    await server.update(definitions, definition as never);
  };

  it('shows old objects as the new schema has them, and ends watches so that all start anew', () =>
    withServer(async (server) => {
      await define(server);
      await isServed(server);
      await server.create(widgets, map('a', { spec: { size: 1, color: 'red' } }));
      const watcher = await server.watch(widgets);
      await changeSchema(server, spec({ size: { type: 'integer' }, unit: { type: 'string', default: 'm' } }));
      await server.until('the watch has ended', () => watcher.isOver());
      assert.equal(watcher.error(), undefined, 'it ended as when its time is over');
      const wanted = { size: 1, unit: 'm' };
      assert.deepEqual((await server.get(widgets, 'default/a')).spec, wanted);
      assert.deepEqual((await server.list(widgets)).items[0]?.spec, wanted);
      const next = await server.watch(widgets);
      assert.deepEqual(next.events()[0]?.object.spec, wanted);
      const before = (await server.get(widgets, 'default/a')).metadata.resourceVersion;
      await server.patch(widgets, 'default/a', { body: { spec: { size: 2 } } });
      const stored = await server.get(widgets, 'default/a');
      assert.deepEqual(stored.spec, { size: 2, unit: 'm' });
      assert.notEqual(stored.metadata.resourceVersion, before);
    }));

  it('keeps its watches when nothing that is served changed', () =>
    withServer(async (server) => {
      await define(server);
      await isServed(server);
      const watcher = await server.watch(widgets);
      await server.patch(definitions, widgets, { body: { metadata: { labels: { a: '1' } } } });
      await server.create(widgets, map('a'));
      server.clock.advance(100);
      assert.equal(watcher.isOver(), false);
      assert.equal(watcher.changes().length, 1);
    }));

  it('refuses a watch that began before the change and would go on under the old schema', () =>
    withServer(async (server) => {
      await define(server);
      await isServed(server);
      const { kind, version } = server.target(widgets);
      await changeSchema(server, spec({ size: { type: 'integer' } }));
      await server.until('the new schema is served', () => server.target(widgets).kind !== kind);
      const format = { id: 'x', isShared: true, event: () => Buffer.alloc(0), bookmark: () => Buffer.alloc(0) };
      const asked = { target: { kind, version }, namespace: '', query: { allowWatchBookmarks: false }, format, open: memoryWatcher };
      assert.equal((await refusal(server.core.hub.watch(asked))).reason, 'ServiceUnavailable');
    }));

  it('serves each object in every version, and keeps it in one', () =>
    withServer(async (server) => {
      const schema = { openAPIV3Schema: spec({ size: { type: 'integer' } }) as never };
      const versions = [
        { name: 'v1', served: true, storage: true, schema },
        { name: 'v2', served: true, storage: false, schema },
      ];
      await define(server, { spec: { versions } });
      await isServed(server);
      await server.create('widgets.v2.example.com', map('a', { spec: { size: 1 } }));
      assert.equal((await server.get('widgets.v1.example.com', 'default/a')).apiVersion, 'example.com/v1');
      const second = await server.watch('widgets.v2.example.com');
      assert.equal(second.events()[0]?.object.apiVersion, 'example.com/v2');
      const kept = await server.store.get('example.com/widgets/default/a');
      assert.ok(
        Buffer.from(kept?.value ?? [])
          .toString()
          .startsWith('{"apiVersion":"example.com/v1"'),
      );
      const definition = asCrd(await server.get(definitions, widgets));
      for (const version of definition?.spec.versions ?? []) version.storage = version.name === 'v2';
      const changed = asCrd(await server.update(definitions, definition as never));
      assert.deepEqual(changed?.status?.storedVersions, ['v1', 'v2']);
      await server.until('the other is kept', () => server.target(widgets).version.info.version === 'v2');
      assert.deepEqual((await server.get('widgets.v2.example.com', 'default/a')).spec, { size: 1 });
      await server.patch('widgets.v1.example.com', 'default/a', { body: { spec: { size: 2 } } });
      const now = await server.store.get('example.com/widgets/default/a');
      assert.ok(
        Buffer.from(now?.value ?? [])
          .toString()
          .startsWith('{"apiVersion":"example.com/v2"'),
      );
      await turn();
    }));
});

type Act = { do: 'create'; by: 0 | 1; name: string } | { do: 'delete definition' } | { do: 'turn' } | { do: 'hold' } | { do: 'release' };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      by: fc.constantFrom(0 as const, 1 as const),
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'turn' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'hold' as const }, { do: 'release' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'delete definition' as const }) },
);

it('leaves no object of a definition behind, however creations by two servers fall together with its deletion', async () => {
  const shared = memoryStore();
  const lagging = delayedStore(shared);
  const servers = [await testCore({ store: shared }), await testCore({ store: lagging.store })] as const;
  const [one, two] = servers;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 20, size: 'max' }), async (acts) => {
      await define(one);
      await isServed(one);
      await isServed(two);
      const open: Promise<unknown>[] = [];
      const start = async (act: () => Promise<unknown>) => act().catch(() => undefined);
      for (const each of acts) {
        if (each.do === 'create') open.push(start(async () => servers[each.by].create(widgets, map(each.name))));
        else if (each.do === 'delete definition') open.push(start(() => one.remove(definitions, widgets)));
        else if (each.do === 'turn') await turn();
        else if (each.do === 'hold') lagging.hold();
        else lagging.release();
      }
      open.push(start(() => one.remove(definitions, widgets)));
      await turn();
      lagging.release();
      await Promise.all(open);
      await one.until('the definition is gone', async () => {
        two.clock.advance(50);
        return (await one.find(definitions, widgets)) === undefined;
      });
      const left = await shared.list('example.com/');
      assert.deepEqual(left.entries, []);
    }),
    { numRuns: 20 },
  );
  await Promise.all([one.close(), two.close()]);
});
