import assert from 'node:assert/strict';
import {
  ApiException,
  ApiextensionsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  SchedulingV1Api,
  setHeaderOptions,
  VersionApi,
} from '@kubernetes/client-node';
import { task, widget, widgetCrd, widgetGroup } from '../kubectl/objects.ts';
import { eventually } from '../server/eventually.ts';
import { onEachStore, type Room } from '../server/on-each-store.ts';

function connect({ server }: Room): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  return config;
}

const failure = async (call: Promise<unknown>): Promise<{ code: number; reason: string }> => {
  const error = await call.then(
    () => assert.fail('the call did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ApiException, String(error));
  return { code: error.code, reason: JSON.parse(String(error.body)).reason };
};

const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

onEachStore('@kubernetes/client-node', (test) => {
  test('creates, reads, lists, replaces, patches and deletes core objects', async (room) => {
    const { namespace } = room;
    const core = connect(room).makeApiClient(CoreV1Api);
    const body = { metadata: { name: 'c' }, data: { a: '1' } };
    const created = await core.createNamespacedConfigMap({ namespace, body });
    assert.ok(created.metadata?.creationTimestamp instanceof Date);
    const read = await core.readNamespacedConfigMap({ namespace, name: 'c' });
    assert.deepEqual(read.data, { a: '1' });
    await core.replaceNamespacedConfigMap({ namespace, name: 'c', body: { ...read, data: { a: '2' } } });
    assert.deepEqual(await failure(core.replaceNamespacedConfigMap({ namespace, name: 'c', body: read })), {
      code: 409,
      reason: 'Conflict',
    });
    assert.deepEqual(await failure(core.createNamespacedConfigMap({ namespace, body })), { code: 409, reason: 'AlreadyExists' });
    const patched = await core.patchNamespacedConfigMap({ namespace, name: 'c', body: { data: { b: '3' } } }, mergePatch);
    assert.deepEqual(patched.data, { a: '2', b: '3' });
    const { items } = await core.listNamespacedConfigMap({ namespace, limit: 10 });
    assert.deepEqual(
      items.map(({ metadata }) => metadata?.name),
      ['c'],
    );
    const { status } = await core.deleteNamespacedConfigMap({ namespace, name: 'c' });
    assert.equal(status, 'Success');
    assert.deepEqual(await failure(core.readNamespacedConfigMap({ namespace, name: 'c' })), { code: 404, reason: 'NotFound' });
  });

  test('patches in every way that it knows', async (room) => {
    const { namespace } = room;
    const core = connect(room).makeApiClient(CoreV1Api);
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } };
    await core.createNamespacedConfigMap({ namespace, body });
    const patch = (patchBody: object, strategy: string, more: object = {}) =>
      core.patchNamespacedConfigMap({ namespace, name: 'c', body: patchBody, ...more }, setHeaderOptions('Content-Type', strategy));
    await patch([{ op: 'add', path: '/data/json', value: '1' }], PatchStrategy.JsonPatch);
    await patch({ data: { merge: '1' } }, PatchStrategy.MergePatch);
    await patch({ data: { strategic: '1' } }, PatchStrategy.StrategicMergePatch);
    const applied = await patch({ ...body, data: { applied: '1' } }, PatchStrategy.ServerSideApply, { fieldManager: 'client-node' });
    assert.deepEqual(Object.keys(applied.data ?? {}).sort(), ['a', 'applied', 'json', 'merge', 'strategic']);
    assert.ok(applied.metadata?.managedFields?.some(({ manager, operation }) => manager === 'client-node' && operation === 'Apply'));
  });

  test('handles secrets, service accounts, namespaces, leases, priority classes and events', async (room) => {
    const { namespace, id } = room;
    const config = connect(room);
    const core = config.makeApiClient(CoreV1Api);
    const secret = await core.createNamespacedSecret({
      namespace,
      body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' } },
    });
    assert.deepEqual([secret.type, secret.data], ['Opaque', { a: 'Yg==' }]);
    await core.createNamespacedServiceAccount({ namespace, body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } } });
    assert.equal((await core.readNamespace({ name: namespace })).status?.phase, 'Active');
    const renewTime = new Date('2026-01-01T00:00:00Z');
    const lease = await config.makeApiClient(CoordinationV1Api).createNamespacedLease({
      namespace,
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'l' },
        spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: renewTime as never },
      },
    });
    assert.equal(lease.spec?.holderIdentity, 'me');
    const scheduling = config.makeApiClient(SchedulingV1Api);
    await scheduling.createPriorityClass({
      body: { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: id }, value: 7 },
    });
    await scheduling.deletePriorityClass({ name: id });
    await core.createNamespacedEvent({
      namespace,
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'e' },
        involvedObject: { kind: 'ConfigMap', name: 'c', namespace },
        reason: 'Tested',
        message: 'm',
        type: 'Normal',
      },
    });
    const { items } = await core.listNamespacedEvent({ namespace, fieldSelector: 'reason=Tested' });
    assert.equal(items.length, 1);
    assert.equal((await config.makeApiClient(VersionApi).getCode()).major, '1');
  });

  test('handles River\u2019s kinds as custom objects: status, scale and pages included', async (room) => {
    const { namespace } = room;
    const custom = connect(room).makeApiClient(CustomObjectsApi);
    const kind = { group: 'river.dev', version: 'v1', namespace, plural: 'tasks' };
    for (const name of ['a', 'b', 'c']) await custom.createNamespacedCustomObject({ ...kind, body: task(name) });
    await custom.patchNamespacedCustomObject({ ...kind, name: 'a', body: { spec: { priority: 3 } } }, mergePatch);
    await custom.patchNamespacedCustomObjectStatus({ ...kind, name: 'a', body: { status: { phase: 'Running' } } }, mergePatch);
    const read = await custom.getNamespacedCustomObject({ ...kind, name: 'a' });
    assert.deepEqual([read.spec.priority, read.status.phase, read.metadata.generation], [3, 'Running', 2]);
    const names: string[] = [];
    let next: string | undefined;
    do {
      const page = await custom.listNamespacedCustomObject({ ...kind, limit: 2, ...(next !== undefined && { _continue: next }) });
      names.push(...page.items.map((item: { metadata: { name: string } }) => item.metadata.name));
      next = page.metadata._continue ?? page.metadata.continue;
    } while (next);
    assert.deepEqual(names, ['a', 'b', 'c']);
    assert.deepEqual(await failure(custom.createNamespacedCustomObject({ ...kind, body: task('bad', { image: 5 }) })), {
      code: 422,
      reason: 'Invalid',
    });
    await custom.deleteNamespacedCustomObject({ ...kind, name: 'a' });
    await custom.deleteCollectionNamespacedCustomObject(kind);
    assert.deepEqual((await custom.listNamespacedCustomObject(kind)).items, []);
  });

  test('defines a kind and uses it at once, found by discovery', async (room) => {
    const { namespace, id, after } = room;
    const config = connect(room);
    const definitions = config.makeApiClient(ApiextensionsV1Api);
    await definitions.createCustomResourceDefinition({
      body: widgetCrd(id, { spec: { properties: { a: { type: 'integer' } } } }) as never,
    });
    after(() => definitions.deleteCustomResourceDefinition({ name: `widgets.${widgetGroup(id)}` }));
    const watchEstablished = async () => {
      const { status } = await definitions.readCustomResourceDefinition({ name: `widgets.${widgetGroup(id)}` });
      return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;
    };
    await eventually('the kind is established', watchEstablished);
    const any = KubernetesObjectApi.makeApiClient(config);
    const make = (a: number) => ({ ...widget(id, 'w', { a }), metadata: { name: 'w', namespace } });
    const made: KubernetesObject = await any.create(make(1));
    assert.ok(made.metadata?.uid);
    const applied = await any.patch(make(2), undefined, undefined, 'tests', true, PatchStrategy.ServerSideApply);
    assert.deepEqual(applied.spec, { a: 2 });
    await any.delete(make(2));
    assert.deepEqual(await failure(any.read(make(2))), { code: 404, reason: 'NotFound' });
  });
});
