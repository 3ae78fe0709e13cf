import assert from 'node:assert/strict';
import { applyType, jsonPatchType, mergeType, strategicType } from '../server/http.ts';
import { onEachStore } from '../server/on-each-store.ts';
import { configMap, json, task, taskSet } from './objects.ts';

onEachStore('kubectl patch and scale', (test) => {
  const targets = [
    { kind: 'configmap', address: 'configmaps', make: () => configMap('p', { a: '1', b: '2' }), path: 'data' },
    {
      kind: 'task',
      address: 'river.dev/v1/tasks',
      make: () => task('p', {}, { annotations: { a: '1', b: '2' } }),
      path: 'metadata/annotations',
    },
  ] as const;

  for (const { kind, address, make, path } of targets) {
    const nest = (value: unknown): unknown => path.split('/').reduceRight((inner, key) => ({ [key]: inner }), value);
    const patches: [type: string, patch: unknown][] = [
      ['merge', nest({ a: null, c: '3' })],
      [
        'json',
        [
          { op: 'test', path: `/${path}/a`, value: '1' },
          { op: 'remove', path: `/${path}/a` },
          { op: 'add', path: `/${path}/c`, value: '3' },
        ],
      ],
      ...(kind === 'configmap' ? [['strategic', nest({ a: null, c: '3' })] as [string, unknown]] : []),
    ];
    for (const [type, patch] of patches) {
      test(`patches a ${kind} by a ${type} patch`, async ({ kubectl, api, at }) => {
        const made = await api.create(at(address), make());
        const watch = api.watch(`${at(address)}?watch=1&resourceVersion=${made.metadata.resourceVersion}`);
        assert.match(await kubectl(['patch', kind, 'p', `--type=${type}`, '-p', json(patch)]), /patched/);
        assert.match(await kubectl(['patch', kind, 'p', `--type=${type}`, '-p', type === 'json' ? '[]' : '{}']), /patched \(no change\)/);
        const stored = await api.read(`${at(address)}/p`);
        const field = kind === 'configmap' ? stored.data : stored.metadata.annotations;
        assert.deepEqual(field, { b: '2', c: '3' });
        const [event] = await watch.until('the patch', (events) => events.length > 0);
        watch.close();
        assert.equal(event?.type, 'MODIFIED');
        assert.deepEqual(event?.object, stored);
        assert.equal(watch.events.length, 1);
      });
    }
  }

  test('patches lists of built-in kinds by their keys, strategically', async ({ kubectl, api, at }) => {
    await api.create(at('serviceaccounts'), {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 's' },
      secrets: [{ name: 'a' }, { name: 'b' }],
    });
    await kubectl(['patch', 'sa', 's', '-p', json({ secrets: [{ name: 'c' }, { $patch: 'delete', name: 'a' }] })]);
    const names = ((await api.read(at('serviceaccounts/s'))).secrets as { name: string }[]).map(({ name }) => name).sort();
    assert.deepEqual(names, ['b', 'c']);
    await kubectl(['patch', 'sa', 's', '-p', json({ metadata: { finalizers: ['example.com/x'] } })]);
    await kubectl(['patch', 'sa', 's', '-p', json({ metadata: { finalizers: ['example.com/y'] } })]);
    const { finalizers } = (await api.read(at('serviceaccounts/s'))).metadata;
    assert.deepEqual(finalizers?.toSorted(), ['example.com/x', 'example.com/y']);
    await kubectl([
      'patch',
      'sa',
      's',
      '-p',
      json({ metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/x', 'example.com/y'] } }),
    ]);
    assert.deepEqual((await api.read(at('serviceaccounts/s'))).metadata.finalizers, undefined);
  });

  test('refuses a strategic patch of what has no such rules', async ({ tryKubectl, api, at }) => {
    await api.create(at('river.dev/v1/tasks'), task('p'));
    const { code, stderr } = await tryKubectl(['patch', 'task', 'p', '--type=strategic', '-p', json({ spec: { priority: 5 } })]);
    assert.equal(code, 1);
    assert.match(stderr, /strategic-merge-patch\+json is not supported by river.dev\/v1, Kind=Task/);
    const raw = await api.call('PATCH', at('river.dev/v1/tasks/p'), { body: {}, type: strategicType });
    assert.equal(raw.status, 415);
    assert.equal(raw.json.reason, 'UnsupportedMediaType');
  });

  test('applies as a patch: creates, and owns', async ({ api, at }) => {
    const address = `${at('configmaps')}/p?fieldManager=tests`;
    const apply = (data: Record<string, string>) => api.call('PATCH', address, { body: configMap('p', data), type: applyType });
    assert.equal((await apply({ a: '1', b: '2' })).status, 201);
    assert.equal((await apply({ b: '2' })).status, 200);
    assert.deepEqual((await api.read(at('configmaps/p'))).data, { b: '2' });
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p}\ndata:\n  b: "3"\n';
    assert.equal((await api.call('PATCH', address, { body: yaml, type: applyType })).json.data.b, '3');
    const unnamed = await api.call('PATCH', at('configmaps/p'), { body: yaml, type: applyType });
    assert.equal(unnamed.status, 400);
    assert.match(unnamed.json.message, /fieldManager is required/);
  });

  test('refuses a patch whose test fails, or that cannot be done', async ({ tryKubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('p', { a: '1' }));
    const failed = await tryKubectl(['patch', 'cm', 'p', '--type=json', '-p', json([{ op: 'test', path: '/data/a', value: '2' }])]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /testing value \/data\/a failed|test/i);
    const raw = (body: unknown) => api.call('PATCH', at('configmaps/p'), { body, type: jsonPatchType });
    assert.equal((await raw([{ op: 'remove', path: '/data/nothing' }])).status, 422);
    assert.equal((await raw([{ op: 'jump', path: '/data' }])).status, 400);
    assert.equal((await raw('not json')).status, 400);
    assert.equal((await api.call('PATCH', at('configmaps/p'), { body: {}, type: 'application/json' })).status, 415);
  });

  test('patches only when the revision is the one it says', async ({ api, at }) => {
    const made = await api.create(at('configmaps'), configMap('p', { a: '1' }));
    await api.merge(at('configmaps/p'), { data: { a: '2' } });
    const stale = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { a: '3' } };
    const { status, json: body } = await api.call('PATCH', at('configmaps/p'), { body: stale, type: mergeType });
    assert.equal(status, 409);
    assert.equal(body.reason, 'Conflict');
    assert.deepEqual((await api.read(at('configmaps/p'))).data, { a: '2' });
  });

  test('patches the status without touching the rest, and the rest without touching the status', async ({ kubectl, api, at }) => {
    await api.create(at('river.dev/v1/tasks'), task('p'));
    const patch = (patch: unknown, ...args: string[]) => kubectl(['patch', 'task', 'p', '--type=merge', '-p', json(patch), ...args]);
    await patch({ spec: { priority: 9 }, status: { phase: 'Running' }, metadata: { labels: { a: 'b' } } }, '--subresource=status');
    const first = await api.read(at('river.dev/v1/tasks/p'));
    assert.deepEqual([(first.status as { phase: string }).phase, first.metadata.generation], ['Running', 1]);
    assert.notEqual((first.spec as { priority?: number }).priority, 9);
    await patch({ spec: { priority: 9 }, status: { phase: 'Failed' } });
    const second = await api.read(at('river.dev/v1/tasks/p'));
    assert.deepEqual([(second.status as { phase: string }).phase, second.metadata.generation], ['Running', 2]);
    assert.equal((second.spec as { priority?: number }).priority, 9);
    const status = second.metadata.managedFields?.find(({ subresource }) => subresource === 'status');
    assert.ok(json(status?.fieldsV1).includes('f:phase'));
  });

  test('replaces the status', async ({ kubectl, api, at }) => {
    const made = await api.create(at('river.dev/v1/tasks'), task('p'));
    await kubectl(['replace', '--subresource=status', '-f', '-'], { input: json({ ...made, status: { phase: 'Pending' } }) });
    assert.equal(((await api.read(at('river.dev/v1/tasks/p'))).status as { phase: string }).phase, 'Pending');
  });

  test('scales a TaskSet, once its scale is what was said', async ({ kubectl, tryKubectl, api, at }) => {
    await api.create(at('river.dev/v1/tasksets'), taskSet('many', { parallelism: 2 }));
    assert.equal(await kubectl(['scale', 'taskset', 'many', '--replicas=5']), 'taskset.river.dev/many scaled\n');
    const scaled = await api.read(at('river.dev/v1/tasksets/many'));
    assert.equal((scaled.spec as { parallelism: number }).parallelism, 5);
    assert.equal(scaled.metadata.generation, 2);
    const wrong = await tryKubectl(['scale', 'taskset/many', '--current-replicas=2', '--replicas=7']);
    assert.equal(wrong.code, 1);
    await kubectl(['scale', 'taskset/many', '--current-replicas=5', '--replicas=7']);
    await kubectl(['patch', 'taskset', 'many', '--subresource=scale', '--type=merge', '-p', json({ spec: { replicas: 4 } })]);
    assert.equal(((await api.read(at('river.dev/v1/tasksets/many'))).spec as { parallelism: number }).parallelism, 4);
    assert.equal((await tryKubectl(['scale', 'configmap', 'many', '--replicas=1'])).code, 1);
  });
});
