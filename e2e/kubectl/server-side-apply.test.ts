import assert from 'node:assert/strict';
import type { KubeObject } from '@river/crds';
import { eventually } from '../server/eventually.ts';
import { type Answer, applyType, mergeType } from '../server/http.ts';
import { onEachStore, type Room } from '../server/on-each-store.ts';
import { configMap, json, widget, widgetCrd, widgetGroup } from './objects.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** A kind with a list of each type, a map, an atomic struct, a default and a status. */
const spec = {
  properties: {
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port', 'protocol'],
      items: {
        type: 'object',
        required: ['port'],
        properties: {
          port: { type: 'integer' },
          protocol: { type: 'string', default: 'TCP' },
          name: { type: 'string' },
          weight: { type: 'integer' },
        },
      },
    },
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    args: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: { type: 'string' } },
    options: { type: 'object', additionalProperties: { type: 'string' } },
    limits: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { cpu: { type: 'integer' }, memory: { type: 'integer' } } },
    deep: { type: 'object', properties: { a: { type: 'object', properties: { b: { type: 'string' }, c: { type: 'string' } } } } },
    replicas: { type: 'integer', default: 1 },
  },
};

interface Applier {
  apply(
    manager: string,
    specOf: object,
    options?: { force?: boolean; metadata?: object; path?: string; status?: object; dryRun?: boolean },
  ): Promise<Answer>;
  read(): Promise<{ metadata: KubeObject['metadata']; spec: Record<string, unknown>; status?: Record<string, unknown> }>;
  owned(manager: string): Promise<unknown>;
  address: string;
}

async function applier(room: Room): Promise<Applier> {
  const { api, id, at } = room;
  const properties = {
    spec: { type: 'object', ...spec },
    status: { type: 'object', properties: { phase: { type: 'string' }, ready: { type: 'integer' } } },
  };
  await api.create(
    crds,
    widgetCrd(id, { version: { subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties } } } }),
  );
  room.after(() => api.remove(`${crds}/widgets.${widgetGroup(id)}`));
  const collection = at(`${widgetGroup(id)}/v1/widgets`);
  await eventually(
    'the kind is served',
    async () => (await api.get(collection)).status,
    (status) => status === 200,
  );
  const address = `${collection}/w`;
  const read = async () => (await api.read(address)) as never;
  return {
    address,
    read,
    apply: (manager, specOf, { force, metadata, path = '', status, dryRun } = {}) =>
      api.call('PATCH', `${address}${path}?fieldManager=${manager}${force ? '&force=true' : ''}${dryRun ? '&dryRun=All' : ''}`, {
        body: { ...widget(id, 'w', specOf, metadata), ...(status && { status }) },
        type: applyType,
      }),
    async owned(manager) {
      const { metadata } = (await api.read(address)) as KubeObject;
      return metadata.managedFields?.find((entry) => entry.manager === manager && entry.operation === 'Apply')?.fieldsV1;
    },
  };
}

const good = ({ status, text }: Answer) => assert.ok(status === 200 || status === 201, `${status} ${text}`);

onEachStore('facts of the API: server-side apply', (test) => {
  test('merges lists of objects by their keys, each element owned by who said it', async (room) => {
    const { apply, read, owned } = await applier(room);
    good(
      await apply('a', {
        ports: [
          { port: 80, name: 'web' },
          { port: 53, protocol: 'UDP' },
        ],
      }),
    );
    good(
      await apply('b', {
        ports: [
          { port: 443, name: 'tls' },
          { port: 80, weight: 5 },
        ],
      }),
    );
    assert.deepEqual((await read()).spec.ports, [
      { port: 443, protocol: 'TCP', name: 'tls' },
      { port: 80, protocol: 'TCP', name: 'web', weight: 5 },
      { port: 53, protocol: 'UDP' },
    ]);
    assert.deepEqual(await owned('b'), {
      'f:spec': {
        'f:ports': {
          'k:{"port":443,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} },
          'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:weight': {} },
        },
      },
    });
    good(await apply('a', { ports: [{ port: 80 }] }));
    assert.deepEqual((await read()).spec.ports, [
      { port: 443, protocol: 'TCP', name: 'tls' },
      { port: 80, protocol: 'TCP', weight: 5 },
    ]);
    good(await apply('b', { ports: [] }));
    assert.deepEqual((await read()).spec.ports, [{ port: 80, protocol: 'TCP' }]);
  });

  test('merges sets by their members, and replaces what is atomic as a whole', async (room) => {
    const { apply, read } = await applier(room);
    good(await apply('a', { tags: ['x', 'y'], args: ['1', '2'], limits: { cpu: 1, memory: 2 } }));
    good(await apply('b', { tags: ['y', 'z'] }));
    assert.deepEqual((await read()).spec.tags, ['x', 'y', 'z']);
    good(await apply('a', { tags: ['y'], args: ['3'], limits: { cpu: 1 } }));
    const { spec: now } = await read();
    assert.deepEqual([now.tags, now.args, now.limits], [['y', 'z'], ['3'], { cpu: 1 }]);
    const conflict = await apply('b', { args: ['4'], limits: { memory: 9 } });
    assert.deepEqual([conflict.status, conflict.json.reason], [409, 'Conflict']);
    assert.deepEqual(
      conflict.json.details.causes.map(({ reason, field }: { reason: string; field: string }) => [reason, field]),
      [
        ['FieldManagerConflict', '.spec.args'],
        ['FieldManagerConflict', '.spec.limits'],
      ],
    );
    const twice = await apply('c', { tags: ['q', 'q'] });
    assert.ok(twice.status >= 400 && twice.status < 500, twice.text);
  });

  test('removes what its only owner no longer says, to any depth, and keeps what others wrote beside it', async (room) => {
    const { apply, read, address } = await applier(room);
    good(await apply('a', { deep: { a: { b: '1', c: '2' } }, options: { x: '1', y: '2' } }));
    await room.api.merge(address, { spec: { options: { z: '3' } } });
    good(await apply('a', { deep: { a: { b: '1' } }, options: { x: '1' } }));
    assert.deepEqual([(await read()).spec.deep, (await read()).spec.options], [{ a: { b: '1' } }, { x: '1', z: '3' }]);
    good(await apply('a', {}));
    const { spec: left } = await read();
    assert.deepEqual([left.deep, left.options, left.replicas], [undefined, { z: '3' }, 1]);
  });

  test('lets a writer that is no applier own what it changed, and tells appliers', async (room) => {
    const { apply, address, owned } = await applier(room);
    good(await apply('a', { replicas: 2, tags: ['x'] }));
    await room.api.call('PATCH', `${address}?fieldManager=hand`, { body: { spec: { replicas: 3 } }, type: mergeType });
    assert.deepEqual(await owned('a'), { 'f:spec': { 'f:tags': { 'v:"x"': {} } } });
    const conflict = await apply('a', { replicas: 2, tags: ['x'] });
    assert.equal(conflict.status, 409);
    assert.match(conflict.json.message, /Apply failed with 1 conflict: conflict with "hand" using \S+\/v1: \.spec\.replicas/);
    good(await apply('a', { replicas: 3, tags: ['x'] }));
    assert.deepEqual(await owned('a'), { 'f:spec': { 'f:replicas': {}, 'f:tags': { 'v:"x"': {} } } });
    good(await apply('a', { replicas: 2 }, { force: true }));
  });

  test('keeps the owners of the status apart from those of the rest', async (room) => {
    const { apply, read, owned } = await applier(room);
    good(await apply('a', { replicas: 2 }, { status: { phase: 'Ignored' } }));
    assert.equal((await read()).status, undefined);
    good(await apply('b', {}, { path: '/status', status: { phase: 'Ready', ready: 2 } }));
    const { status, metadata, spec: kept } = await read();
    assert.deepEqual([status, kept.replicas, metadata.generation], [{ phase: 'Ready', ready: 2 }, 2, 1]);
    const entry = metadata.managedFields?.find(({ manager }) => manager === 'b');
    assert.deepEqual([entry?.subresource, entry?.fieldsV1], ['status', { 'f:status': { 'f:phase': {}, 'f:ready': {} } }]);
    good(await apply('b', {}, { path: '/status', status: { phase: 'Ready' } }));
    assert.deepEqual([(await read()).status, await owned('b')], [{ phase: 'Ready' }, { 'f:status': { 'f:phase': {} } }]);
  });

  test('takes a revision as a condition, and refuses managed fields', async (room) => {
    const { apply, read } = await applier(room);
    good(await apply('a', { replicas: 1 }));
    const { metadata } = await read();
    good(await apply('a', { replicas: 2 }, { metadata: { resourceVersion: metadata.resourceVersion } }));
    const stale = await apply('a', { replicas: 3 }, { metadata: { resourceVersion: metadata.resourceVersion } });
    assert.deepEqual([stale.status, stale.json.reason], [409, 'Conflict']);
    const managed = await apply(
      'a',
      { replicas: 3 },
      { metadata: { managedFields: [{ manager: 'x', operation: 'Apply', apiVersion: 'v1' }] } },
    );
    assert.deepEqual([managed.status, managed.json.reason], [400, 'BadRequest']);
    assert.match(managed.json.message, /metadata.managedFields must be nil/);
  });

  test('forgets its owners when told to, and starts anew', async (room) => {
    const { apply, read, address } = await applier(room);
    good(await apply('a', { replicas: 1 }));
    await room.api.merge(address, { metadata: { managedFields: [{}] } });
    assert.equal((await read()).metadata.managedFields, undefined);
    const conflict = await apply('b', { replicas: 5 });
    assert.equal(conflict.status, 409);
    assert.match(conflict.json.message, /conflict with "before-first-apply" using \S+: \.spec\.replicas/);
    good(await apply('b', { replicas: 5 }, { force: true }));
    assert.equal((await read()).spec.replicas, 5);
  });

  test('tells the same in a dry run, and writes nothing', async (room) => {
    const { apply, read } = await applier(room);
    good(await apply('a', { replicas: 1 }));
    const before = await read();
    const tried = await apply('b', { tags: ['t'] }, { dryRun: true });
    assert.deepEqual([tried.status, tried.json.spec.tags], [200, ['t']]);
    assert.equal((await apply('b', { replicas: 7 }, { dryRun: true })).status, 409);
    assert.deepEqual(await read(), before);
  });

  test('shows a watcher what an apply changed, once, and nothing for one that changed nothing', async (room) => {
    const { apply, address } = await applier(room);
    const watch = room.api.watch(`${address.slice(0, address.lastIndexOf('/'))}?watch=1`);
    await watch.opened;
    good(await apply('a', { replicas: 1 }));
    good(await apply('a', { replicas: 1 }));
    good(await apply('b', { replicas: 1 }));
    good(await apply('a', { replicas: 2 }, { force: true }));
    await watch.until('the last', (events) => (events.at(-1)?.object.spec as { replicas?: number } | undefined)?.replicas === 2);
    watch.close();
    assert.deepEqual(watch.seen(), ['ADDED w', 'MODIFIED w', 'MODIFIED w']);
  });

  test('replaces an applied object as a whole by an update, which then owns what it changed', async ({ api, at, kubectl }) => {
    await kubectl(['apply', '--server-side', '-f', '-'], { input: json(configMap('c', { a: '1', b: '2' })) });
    const made = await api.read(at('configmaps/c'));
    await api.call('PUT', `${at('configmaps/c')}?fieldManager=editor`, { body: { ...made, data: { a: '9' } } });
    const { data, metadata } = await api.read(at('configmaps/c'));
    assert.deepEqual(data, { a: '9' });
    const fields = Object.fromEntries((metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
    assert.deepEqual(fields, { editor: { 'f:data': { 'f:a': {} } } });
  });
});
