import assert from 'node:assert/strict';
import type { KubeObject } from '@river/crds';
import { eventually } from '../server/eventually.ts';
import type { Api } from '../server/http.ts';
import { onEachStore } from '../server/on-each-store.ts';
import { configMap, ownedBy, task, taskSet, widget, widgetCrd, widgetGroup } from './objects.ts';

interface Place {
  api: Api;
  at: (path: string) => string;
}

const isThere = async ({ api }: Place, address: string) => (await api.get(address)).status === 200;
const gone = (place: Place, address: string) =>
  eventually(
    `${address} is gone`,
    async () => (await place.api.get(address)).status,
    (status) => status === 404,
  );

/** A TaskSet that owns a Task, that owns a config map and a secret. */
async function family({ api, at }: Place): Promise<{ top: KubeObject; middle: KubeObject }> {
  const top = await api.create(at('river.dev/v1/tasksets'), taskSet('top'));
  const middle = await api.create(
    at('river.dev/v1/tasks'),
    task('middle', {}, ownedBy(top, { controller: true, blockOwnerDeletion: true })),
  );
  await api.create(at('configmaps'), configMap('leaf', {}, ownedBy(middle)));
  await api.create(at('secrets'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'leaf', ...ownedBy(middle) } });
  await api.create(at('configmaps'), configMap('stranger'));
  return { top, middle };
}

onEachStore('kubectl delete', (test) => {
  test('deletes in the background: the owner at once, then everything that it owned', async (room) => {
    const { kubectl, api, at } = room;
    await family(room);
    const watch = api.watch(`${at('configmaps')}?watch=1&resourceVersion=0`);
    assert.match(await kubectl(['delete', 'taskset', 'top', '--cascade=background']), /taskset.river.dev "top" deleted/);
    assert.equal(await isThere(room, at('river.dev/v1/tasksets/top')), false);
    for (const address of ['river.dev/v1/tasks/middle', 'configmaps/leaf', 'secrets/leaf']) await gone(room, at(address));
    assert.ok(await isThere(room, at('configmaps/stranger')));
    await watch.until('the leaf goes', () => watch.seen().includes('DELETED leaf'));
    watch.close();
    assert.ok(!watch.seen().includes('DELETED stranger'));
  });

  test('deletes in the foreground: the owner goes last', async (room) => {
    const { kubectl, api, at } = room;
    const { top } = await family(room);
    const watch = api.watch(`${at('river.dev/v1/tasksets')}?watch=1&resourceVersion=${top.metadata.resourceVersion}`);
    const tasks = api.watch(`${at('river.dev/v1/tasks')}?watch=1&resourceVersion=${top.metadata.resourceVersion}`);
    await kubectl(['delete', 'taskset', 'top', '--cascade=foreground']);
    for (const address of ['river.dev/v1/tasksets/top', 'river.dev/v1/tasks/middle']) await gone(room, at(address));
    for (const address of ['configmaps/leaf', 'secrets/leaf']) await gone(room, at(address));
    const events = await watch.until('the end of the owner', (seen) => seen.some(({ type }) => type === 'DELETED'));
    await tasks.until('the end of the owned', (seen) => seen.some(({ type }) => type === 'DELETED'));
    watch.close();
    tasks.close();
    const [marked] = events;
    assert.equal(marked?.type, 'MODIFIED');
    assert.deepEqual(marked?.object.metadata.finalizers, ['foregroundDeletion']);
    assert.ok(marked?.object.metadata.deletionTimestamp);
    const revisionOfEnd = (seen: typeof events) => Number(seen.find(({ type }) => type === 'DELETED')?.object.metadata.resourceVersion);
    assert.ok(revisionOfEnd(events) > revisionOfEnd(tasks.events), 'the owner went before what it owned');
  });

  test('waits in the foreground for those that block, not for the others', async (room) => {
    const { api, at } = room;
    const owner = await api.create(at('configmaps'), configMap('owner'));
    const held = (blockOwnerDeletion: boolean) => ({ ...ownedBy(owner, { blockOwnerDeletion }), finalizers: ['example.com/hold'] });
    await api.create(at('configmaps'), configMap('blocks', {}, held(true)));
    await api.create(at('configmaps'), configMap('does-not', {}, held(false)));
    const { json } = await api.remove(at('configmaps/owner'), { propagationPolicy: 'Foreground' });
    assert.equal(json.kind, 'ConfigMap');
    for (const name of ['blocks', 'does-not'])
      await eventually(`${name} is being deleted`, async () => (await api.read(at(`configmaps/${name}`))).metadata.deletionTimestamp);
    assert.deepEqual((await api.read(at('configmaps/owner'))).metadata.finalizers, ['foregroundDeletion']);
    await api.merge(at('configmaps/blocks'), { metadata: { finalizers: null } });
    await gone(room, at('configmaps/owner'));
    assert.ok(await isThere(room, at('configmaps/does-not')));
    await api.merge(at('configmaps/does-not'), { metadata: { finalizers: null } });
    await gone(room, at('configmaps/does-not'));
  });

  test('lets go of what it owned when told to orphan it', async (room) => {
    const { kubectl, api, at } = room;
    await family(room);
    await kubectl(['delete', 'taskset', 'top', '--cascade=orphan']);
    await gone(room, at('river.dev/v1/tasksets/top'));
    const middle = await api.read(at('river.dev/v1/tasks/middle'));
    assert.equal(middle.metadata.ownerReferences, undefined);
    assert.equal(middle.metadata.deletionTimestamp, undefined);
    assert.ok(await isThere(room, at('configmaps/leaf')));
  });

  test('keeps what has another owner left', async (room) => {
    const { api, at } = room;
    const [a, b] = [await api.create(at('configmaps'), configMap('a')), await api.create(at('configmaps'), configMap('b'))];
    const both = { ownerReferences: [...ownedBy(a).ownerReferences, ...ownedBy(b).ownerReferences] };
    await api.create(at('secrets'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shared', ...both } });
    await api.remove(at('configmaps/a'));
    const names = async () => (await api.read(at('secrets/shared'))).metadata.ownerReferences?.map(({ name }) => name);
    await eventually('the reference to the deleted owner is dropped', names, (left) => left?.join() === 'b');
    await api.remove(at('configmaps/b'));
    await gone(room, at('secrets/shared'));
  });

  test('removes what names an owner that never was', async (room) => {
    const { api, at } = room;
    const absent = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'never', uid: '00000000-0000-0000-0000-000000000000' },
    } as KubeObject;
    await api.create(at('configmaps'), configMap('child', {}, ownedBy(absent)));
    await gone(room, at('configmaps/child'));
  });

  test('ends a circle of owners, however it blocks', async (room) => {
    const { api, at } = room;
    for (const blockOwnerDeletion of [false, true]) {
      const name = (end: string) => `${end}-${blockOwnerDeletion}`;
      const a = await api.create(at('configmaps'), configMap(name('a')));
      const b = await api.create(at('configmaps'), configMap(name('b'), {}, ownedBy(a, { blockOwnerDeletion })));
      await api.merge(at(`configmaps/${name('a')}`), { metadata: ownedBy(b, { blockOwnerDeletion }) });
      await api.remove(at(`configmaps/${name('a')}`), { propagationPolicy: 'Foreground' });
      for (const end of ['a', 'b']) await gone(room, at(`configmaps/${name(end)}`));
    }
  });

  test('looks for owners where they may be: in the same namespace, or in none', async (room) => {
    const { api, at, id } = room;
    await api.create('/api/v1/namespaces', { metadata: { name: `${id}-other` } });
    const elsewhere = await api.create(`/api/v1/namespaces/${id}-other/configmaps`, configMap('owner'));
    await api.create(at('configmaps'), configMap('misled', {}, ownedBy(elsewhere)));
    await gone(room, at('configmaps/misled'));
    assert.ok(await isThere(room, `/api/v1/namespaces/${id}-other/configmaps/owner`));
    const wide = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: id, ...ownedBy(elsewhere) }, value: 1 };
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', wide);
    room.after(() => api.remove(`/apis/scheduling.k8s.io/v1/priorityclasses/${id}`));
    await api.remove(`/api/v1/namespaces/${id}-other/configmaps/owner`);
    await gone(room, `/api/v1/namespaces/${id}-other/configmaps/owner`);
    assert.ok(await isThere(room, `/apis/scheduling.k8s.io/v1/priorityclasses/${id}`), 'an owner that cannot be is not one that is gone');
  });

  test('removes hundreds of dependents, and a full namespace', async (room) => {
    const { api, at, id } = room;
    const owner = await api.create(at('configmaps'), configMap('owner'));
    const many = { ...ownedBy(owner, { blockOwnerDeletion: true }) };
    await Promise.all(Array.from({ length: 300 }, (_, n) => api.create(at('secrets'), { metadata: { name: `s${n}`, ...many } })));
    await api.remove(at('configmaps/owner'), { propagationPolicy: 'Foreground' });
    await gone(room, at('configmaps/owner'));
    const left = (await api.read(at('secrets'))) as unknown as { items: unknown[] };
    assert.equal(left.items.length, 0);
    await Promise.all(Array.from({ length: 300 }, (_, n) => api.create(at('configmaps'), configMap(`c${n}`))));
    await api.remove(`/api/v1/namespaces/${id}`);
    await gone(room, `/api/v1/namespaces/${id}`);
  });

  test('keeps the namespaces that everything stands on', async ({ tryKubectl }) => {
    for (const name of ['default', 'kube-system', 'river-system', 'river-nodes']) {
      const { code, stderr } = await tryKubectl(['delete', 'namespace', name]);
      assert.equal(code, 1);
      assert.match(stderr, /\(Forbidden\): namespaces "\S+" is forbidden: this namespace may not be deleted/);
    }
  });

  test('follows owners across kinds: what is in a namespace may be owned by what is not', async (room) => {
    const { api, at, id } = room;
    await api.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetCrd(id, { scope: 'Cluster' }));
    room.after(() => api.remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${widgetGroup(id)}`));
    const address = `/apis/${widgetGroup(id)}/v1/widgets`;
    const owner = await eventually('the kind is served', () => api.create(address, widget(id, 'owner')));
    await api.create(at('configmaps'), configMap('owned', {}, ownedBy(owner)));
    await api.create(address, widget(id, 'wide', {}, ownedBy(owner)));
    await api.remove(`${address}/owner`);
    await gone(room, at('configmaps/owned'));
    await gone(room, `${address}/wide`);
  });

  test('holds an object until its finalizers are gone', async (room) => {
    const { kubectl, api, at } = room;
    const made = await api.create(at('river.dev/v1/tasks'), task('held', {}, { finalizers: ['example.com/a', 'example.com/b'] }));
    const watch = api.watch(`${at('river.dev/v1/tasks')}?watch=1&resourceVersion=${made.metadata.resourceVersion}`);
    await kubectl(['delete', 'task', 'held', '--wait=false']);
    const marked = await api.read(at('river.dev/v1/tasks/held'));
    assert.ok(marked.metadata.deletionTimestamp);
    assert.equal(marked.metadata.deletionGracePeriodSeconds, 0);
    assert.equal(marked.metadata.generation, 2);
    const added = await api.call('PATCH', at('river.dev/v1/tasks/held'), {
      body: { metadata: { finalizers: ['example.com/a', 'example.com/b', 'example.com/c'] } },
      type: 'application/merge-patch+json',
    });
    assert.equal(added.status, 422);
    await api.merge(at('river.dev/v1/tasks/held'), { metadata: { finalizers: ['example.com/b'] } });
    assert.ok(await isThere(room, at('river.dev/v1/tasks/held')));
    await kubectl(['patch', 'task', 'held', '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]']);
    await gone(room, at('river.dev/v1/tasks/held'));
    await watch.until('the end', () => watch.seen().includes('DELETED held'));
    watch.close();
    assert.deepEqual(watch.seen(), ['MODIFIED held', 'MODIFIED held', 'DELETED held']);
  });

  test('deletes all, by selector, by field, and by name', async ({ kubectl, api, at }) => {
    for (const [name, group] of [
      ['a', 'x'],
      ['b', 'x'],
      ['c', 'y'],
      ['d', 'y'],
    ] as const)
      await api.create(at('configmaps'), configMap(name, {}, { labels: { group } }));
    const left = async () => (await kubectl(['get', 'configmaps', '-o', 'jsonpath={.items[*].metadata.name}'])).trim();
    await kubectl(['delete', 'configmaps', '-l', 'group=x']);
    assert.equal(await left(), 'c d');
    await kubectl(['delete', 'configmaps', '--field-selector=metadata.name=d']);
    assert.equal(await left(), 'c');
    await api.create(at('secrets'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } });
    await kubectl(['delete', 'configmaps,secrets', '--all']);
    assert.equal(await left(), '');
    assert.equal((await api.get(at('secrets/s'))).status, 404);
  });

  test('says what is not there to delete', async ({ tryKubectl, kubectl }) => {
    const { code, stderr } = await tryKubectl(['delete', 'configmap', 'nobody']);
    assert.equal(code, 1);
    assert.match(stderr, /\(NotFound\): configmaps "nobody" not found/);
    assert.equal(await kubectl(['delete', 'configmap', 'nobody', '--ignore-not-found']), '');
  });

  test('tries a deletion on the server', async ({ kubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('stays'));
    assert.match(await kubectl(['delete', 'configmap', 'stays', '--dry-run=server']), /deleted \(server dry run\)/);
    assert.equal((await api.get(at('configmaps/stays'))).status, 200);
  });

  test('deletes now, and by force', async ({ kubectl, api, at }) => {
    for (const [name, args] of [
      ['a', ['--now']],
      ['b', ['--force', '--grace-period=0']],
    ] as const) {
      await api.create(at('configmaps'), configMap(name));
      await kubectl(['delete', 'configmap', name, ...args]);
      assert.equal((await api.get(at(`configmaps/${name}`))).status, 404);
    }
  });

  test('empties a namespace that is deleted, and then lets it go', async (room) => {
    const { kubectl, tryKubectl, api, id } = room;
    const name = `${id}-full`;
    await kubectl(['create', 'namespace', name]);
    const inside = `/api/v1/namespaces/${name}/configmaps`;
    await api.create(inside, configMap('plain'));
    await api.create(inside, configMap('held', {}, { finalizers: ['example.com/hold'] }));
    await api.create(`/apis/river.dev/v1/namespaces/${name}/tasks`, task('t'));
    await kubectl(['delete', 'namespace', name, '--wait=false']);
    const terminating = await api.read(`/api/v1/namespaces/${name}`);
    assert.equal((terminating.status as { phase: string }).phase, 'Terminating');
    const refused = await tryKubectl(['create', 'configmap', 'late', '-n', name]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /because it is being terminated/);
    await gone(room, `${inside}/plain`);
    await gone(room, `/apis/river.dev/v1/namespaces/${name}/tasks/t`);
    const conditions = async () =>
      ((await api.read(`/api/v1/namespaces/${name}`)).status as { conditions?: { type: string; status: string }[] }).conditions ?? [];
    await eventually('the namespace tells what holds it', conditions, (all) =>
      all.some(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True'),
    );
    await api.merge(`${inside}/held`, { metadata: { finalizers: null } });
    await gone(room, `/api/v1/namespaces/${name}`);
    await kubectl(['create', 'namespace', name]);
    assert.match((await tryKubectl(['get', 'configmaps', '-n', name])).stderr, /No resources found/);
    await kubectl(['delete', 'namespace', name]);
    assert.equal((await api.get(`/api/v1/namespaces/${name}`)).status, 404);
  });
});
