import assert from 'node:assert/strict';
import type { KubeObject } from '@river/crds';
import { applyType, mergeType } from '../server/http.ts';
import { onEachStore } from '../server/on-each-store.ts';
import { configMap, task, taskSet, widget, widgetCrd, widgetGroup } from './objects.ts';

const meta = ({ metadata: { resourceVersion, generation, uid } }: KubeObject) => ({ resourceVersion, generation, uid });
const items = (list: KubeObject): KubeObject[] => (list as unknown as { items: KubeObject[] }).items;

onEachStore('facts of the API: writes', (test) => {
  test('refuses an update of a revision that is no longer the newest', async ({ api, at }) => {
    const made = await api.create(at('configmaps'), configMap('c', { a: '1' }));
    await api.replace(at('configmaps/c'), { ...made, data: { a: '2' } });
    const { status, json } = await api.call('PUT', at('configmaps/c'), { body: { ...made, data: { a: '3' } } });
    assert.deepEqual([status, json.kind, json.status, json.reason, json.code], [409, 'Status', 'Failure', 'Conflict', 409]);
    assert.deepEqual(json.details, { name: 'c', kind: 'configmaps' });
    assert.deepEqual((await api.read(at('configmaps/c'))).data, { a: '2' });
  });

  test('lets exactly one of many writers of the same revision win', async ({ api, at }) => {
    const made = await api.create(at('configmaps'), configMap('c'));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => api.call('PUT', at('configmaps/c'), { body: { ...made, data: { winner: String(n) } } })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, ...Array.from({ length: 19 }, () => 409)]);
    const winner = answers.find(({ status }) => status === 200);
    assert.deepEqual((await api.read(at('configmaps/c'))).data, winner?.json.data);
  });

  test('creates a name once, whoever asks at the same time', async ({ api, at }) => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.call('POST', at('configmaps'), { body: configMap('c') })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array.from({ length: 9 }, () => 409)]);
    const refused = answers.find(({ status }) => status === 409);
    assert.deepEqual([refused?.json.reason, refused?.json.details.name], ['AlreadyExists', 'c']);
    assert.equal(refused?.json.message, 'configmaps "c" already exists');
  });

  test('serves all updates without a revision, one after the other', async ({ api, at }) => {
    await api.create(at('configmaps'), configMap('c'));
    const patches = Array.from({ length: 25 }, (_, n) => api.merge(at('configmaps/c'), { data: { [`k${n}`]: 'x' } }));
    await Promise.all(patches);
    assert.equal(Object.keys((await api.read(at('configmaps/c'))).data as object).length, 25);
  });

  test('counts generations of what is wanted only', async ({ api, at }) => {
    const made = await api.create(at('river.dev/v1/tasks'), task('t'));
    assert.equal(made.metadata.generation, 1);
    const labelled = await api.merge(at('river.dev/v1/tasks/t'), { metadata: { labels: { a: 'b' } } });
    assert.equal(labelled.metadata.generation, 1);
    const { json: reported } = await api.call('PATCH', `${at('river.dev/v1/tasks')}/t/status`, {
      body: { status: { phase: 'Running' } },
      type: mergeType,
    });
    assert.equal(reported.metadata.generation, 1);
    assert.equal((await api.merge(at('river.dev/v1/tasks/t'), { spec: { priority: 5 } })).metadata.generation, 2);
    assert.equal((await api.merge(at('river.dev/v1/tasks/t'), { spec: { priority: 5 } })).metadata.generation, 2);
    const cheat = await api.replace(
      at('river.dev/v1/tasks/t'),
      await api.read(at('river.dev/v1/tasks/t')).then((t) => ({ ...t, metadata: { ...t.metadata, generation: 99 } })),
    );
    assert.equal(cheat.metadata.generation, 2);
    assert.equal((await api.create(at('configmaps'), configMap('c'))).metadata.generation, undefined);
  });

  test('writes nothing when nothing changes', async ({ api, at }) => {
    const made = await api.create(at('river.dev/v1/tasks'), task('t', { priority: 1 }));
    const watch = api.watch(`${at('river.dev/v1/tasks')}?watch=1&resourceVersion=${made.metadata.resourceVersion}`);
    await watch.opened;
    assert.deepEqual(meta(await api.replace(at('river.dev/v1/tasks/t'), made)), meta(made));
    assert.deepEqual(meta(await api.merge(at('river.dev/v1/tasks/t'), { spec: { priority: 1 } })), meta(made));
    const apply = () =>
      api.call('PATCH', `${at('river.dev/v1/tasks')}/t?fieldManager=f&force=true`, { body: task('t', { priority: 1 }), type: applyType });
    const first = await apply();
    assert.deepEqual(meta((await apply()).json), meta(first.json));
    await api.merge(at('river.dev/v1/tasks/t'), { spec: { priority: 2 } });
    await watch.until('the change', (events) => events.some(({ object }) => (object.spec as { priority: number }).priority === 2));
    watch.close();
    assert.deepEqual(watch.seen(), ['MODIFIED t', 'MODIFIED t']);
  });

  test('deletes only what the preconditions describe', async ({ api, at }) => {
    const made = await api.create(at('configmaps'), configMap('c'));
    const remove = (preconditions: object) =>
      api.call('DELETE', at('configmaps/c'), { body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions } });
    for (const wrong of [{ uid: '00000000-0000-0000-0000-000000000000' }, { resourceVersion: '1' }]) {
      const { status, json } = await remove(wrong);
      assert.deepEqual([status, json.reason], [409, 'Conflict']);
      assert.match(json.message, /Precondition failed|precondition/i);
    }
    const { status, json } = await remove({ uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion });
    assert.deepEqual([status, json.status, json.details.uid], [200, 'Success', made.metadata.uid]);
  });

  test('makes names from a beginning', async ({ api, at }) => {
    const made = await Promise.all(
      Array.from({ length: 10 }, () =>
        api.create(at('configmaps'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } }),
      ),
    );
    for (const { metadata } of made) assert.match(metadata.name, /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    assert.equal(new Set(made.map(({ metadata }) => metadata.name)).size, 10);
    assert.equal(made[0]?.metadata.generateName, 'gen-');
    const long = await api.create(at('configmaps'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'x'.repeat(70) } });
    assert.equal(long.metadata.name.length, 63);
    const nameless = await api.call('POST', at('configmaps'), { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} } });
    assert.equal(nameless.status, 422);
    assert.match(nameless.json.message, /metadata.name: Required value: name or generateName is required/);
  });

  test('does in a dry run all but write, for every verb', async ({ api, at }) => {
    const made = await api.create(at('configmaps'), configMap('c', { a: '1' }));
    const dry = (method: string, path: string, body?: unknown, type?: string) =>
      api.call(method, `${path}?dryRun=All&fieldManager=f`, { ...(body !== undefined && { body }), ...(type && { type }) });
    const watch = api.watch(`${at('configmaps')}?watch=1&resourceVersion=${made.metadata.resourceVersion}`);
    await watch.opened;
    assert.equal((await dry('POST', at('configmaps'), configMap('new'))).status, 201);
    assert.equal((await dry('POST', at('configmaps'), configMap('c'))).status, 409);
    assert.equal((await dry('PUT', at('configmaps/c'), { ...made, data: { a: '2' } })).json.data.a, '2');
    assert.equal((await dry('PATCH', at('configmaps/c'), { data: { a: '3' } }, mergeType)).json.data.a, '3');
    assert.equal((await dry('PATCH', at('configmaps/applied'), configMap('applied'), applyType)).status, 201);
    assert.equal((await dry('DELETE', at('configmaps/c'))).status, 200);
    assert.equal((await dry('DELETE', at('configmaps'))).status, 200);
    const unknown = await api.call('POST', `${at('configmaps')}?dryRun=Some`, { body: configMap('new') });
    assert.equal(unknown.status, 422);
    assert.deepEqual(items(await api.read(at('configmaps'))).map(meta), [meta(made)]);
    await api.create(at('configmaps'), configMap('wet'));
    await watch.until('the wet one', (events) => events.length > 0);
    watch.close();
    assert.deepEqual(watch.seen(), ['ADDED wet']);
  });

  test('minds unknown and repeated fields as it is told to', async ({ api, at }) => {
    const odd = (name: string) =>
      `{"apiVersion":"river.dev/v1","kind":"Task","metadata":{"name":"${name}"},"spec":{"image":"busybox","image":"busybox","command":["true"],"colour":"red"}}`;
    const post = (name: string, query: string) => api.call('POST', `${at('river.dev/v1/tasks')}${query}`, { body: odd(name) });
    const strict = await post('strict', '?fieldValidation=Strict');
    assert.equal(strict.status, 400);
    assert.match(strict.json.message, /strict decoding error: .*unknown field "spec.colour"/);
    assert.match(strict.json.message, /duplicate field "spec.image"/);
    for (const [name, query] of [
      ['warn', '?fieldValidation=Warn'],
      ['none', ''],
    ] as const) {
      const warned = await post(name, query);
      assert.equal(warned.status, 201);
      const warnings = String(warned.headers.warning);
      assert.match(warnings, /299 - "unknown field \\"spec.colour\\""/);
      assert.match(warnings, /299 - "duplicate field \\"spec.image\\""/);
      assert.equal(warned.json.spec.colour, undefined);
    }
    const ignored = await post('ignore', '?fieldValidation=Ignore');
    assert.deepEqual([ignored.status, ignored.headers.warning], [201, undefined]);
    assert.equal((await post('other', '?fieldValidation=Sometimes')).status, 422);
  });

  test('tells every cause of a refusal by its field', async ({ api, at }) => {
    const { status, json } = await api.call('POST', at('river.dev/v1/tasks'), {
      body: task('t', { image: 7, priority: 'high', env: [{ name: 'A', value: 1 }] }, { labels: { 'not a key': 'x' } }),
    });
    assert.deepEqual([status, json.reason, json.code, json.details.kind, json.details.group], [422, 'Invalid', 422, 'Task', 'river.dev']);
    const fields = json.details.causes.map(({ field }: { field: string }) => field);
    for (const field of ['spec.image', 'spec.priority', 'spec.env[0].value', 'metadata.labels'])
      assert.ok(fields.includes(field), `${field} is not in ${fields}`);
    for (const cause of json.details.causes) assert.ok(cause.reason && cause.message, JSON.stringify(cause));
  });

  test('takes no more than 1.5 MiB, and no more depth than is sane', async ({ api, at, id, after }) => {
    const big = await api.call('POST', at('configmaps'), { body: configMap('big', { x: 'y'.repeat(1.6 * 1024 * 1024) }) });
    assert.deepEqual([big.status, big.json.reason], [413, 'RequestEntityTooLarge']);
    const fits = await api.call('POST', at('configmaps'), { body: configMap('fits', { x: 'y'.repeat(900_000) }) });
    assert.equal(fits.status, 201);
    const tooMuch = await api.call('POST', at('configmaps'), { body: configMap('data', { x: 'y'.repeat(1024 * 1024 + 1) }) });
    assert.equal(tooMuch.status, 422);
    assert.match(tooMuch.json.message, /Too long: may not be more than 1048576 bytes/);
    const deep = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const nested = await api.call('POST', at('configmaps'), { body: deep });
    assert.deepEqual([nested.status, nested.json.reason], [400, 'BadRequest']);
    await api.create(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      widgetCrd(id, { spec: { 'x-kubernetes-preserve-unknown-fields': true } }),
    );
    after(() => api.remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${widgetGroup(id)}`));
  });

  test('understands JSON and YAML, and says which else it was given', async ({ api, at }) => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  a: "1"\n';
    const made = await api.call('POST', at('configmaps'), { body: yaml, type: 'application/yaml' });
    assert.deepEqual([made.status, made.json.data], [201, { a: '1' }]);
    assert.equal((await api.call('POST', at('configmaps'), { body: yaml, type: 'text/plain' })).status, 415);
    for (const body of ['', '{', '[]', '"text"', 'null', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}']) {
      const { status, json } = await api.call('POST', at('configmaps'), { body });
      assert.deepEqual([status, json.kind, json.reason], [400, 'Status', 'BadRequest'], body);
    }
    const { kind: _, ...kindless } = task('t');
    assert.equal((await api.call('POST', at('river.dev/v1/tasks'), { body: kindless })).status, 400);
    assert.equal((await api.create(at('configmaps'), { metadata: { name: 'kindless' } })).kind, 'ConfigMap');
  });

  test('deletes a collection, by selector, and tells what was there', async ({ api, at }) => {
    for (const [name, on] of [
      ['a', 'yes'],
      ['b', 'yes'],
      ['c', 'no'],
    ] as const)
      await api.create(at('configmaps'), configMap(name, {}, { labels: { on } }));
    const watch = api.watch(`${at('configmaps')}?watch=1&resourceVersion=0`);
    await watch.until('all three', (events) => events.length === 3);
    const { json } = await api.remove(`${at('configmaps')}?labelSelector=on%3Dyes`);
    assert.deepEqual([json.kind, json.items.map(({ metadata }: KubeObject) => metadata.name)], ['ConfigMapList', ['a', 'b']]);
    await watch.until('two deletions', (events) => events.length === 5);
    watch.close();
    assert.deepEqual(watch.seen().slice(3).sort(), ['DELETED a', 'DELETED b']);
    assert.deepEqual(
      items(await api.read(at('configmaps'))).map(({ metadata }) => metadata.name),
      ['c'],
    );
  });

  test('scales through the scale subresource, guarded by the revision', async ({ api, at }) => {
    await api.create(at('river.dev/v1/tasksets'), taskSet('s', { parallelism: 2 }));
    const scale = await api.read(at('river.dev/v1/tasksets/s/scale'));
    assert.deepEqual(
      [scale.apiVersion, scale.kind, scale.spec, scale.status],
      ['autoscaling/v1', 'Scale', { replicas: 2 }, { replicas: 0 }],
    );
    const scaled = await api.replace(at('river.dev/v1/tasksets/s/scale'), { ...scale, spec: { replicas: 6 } });
    assert.deepEqual(scaled.spec, { replicas: 6 });
    const stale = await api.call('PUT', at('river.dev/v1/tasksets/s/scale'), { body: { ...scale, spec: { replicas: 9 } } });
    assert.equal(stale.status, 409);
    const negative = await api.call('PUT', at('river.dev/v1/tasksets/s/scale'), { body: { ...scaled, spec: { replicas: -1 } } });
    assert.equal(negative.status, 422);
    assert.equal(((await api.read(at('river.dev/v1/tasksets/s'))).spec as { parallelism: number }).parallelism, 6);
  });

  test('refuses a create that brings a revision, a wrong kind, a wrong place', async ({ api, at, id }) => {
    const bad = (body: unknown, path = at('configmaps')) => api.call('POST', path, { body });
    assert.equal((await bad(configMap('c', {}, { resourceVersion: '5' }))).status, 400);
    assert.equal((await bad(configMap('c', {}, { namespace: 'other' }))).status, 400);
    assert.equal((await bad(task('t'))).status, 400);
    assert.equal((await bad(configMap('c'), '/api/v1/configmaps')).status, 405);
    assert.equal((await bad(configMap('c'), '/api/v1/namespaces/absent/configmaps')).status, 404);
    assert.equal((await bad(widget(id, 'w'), at(`${widgetGroup(id)}/v1/widgets`))).status, 404);
    const misnamed = await api.call('PUT', at('configmaps/a'), { body: configMap('b') });
    assert.equal(misnamed.status, 400);
  });

  test('keeps what only the server may say', async ({ api, at }) => {
    const claims = {
      uid: 'mine',
      creationTimestamp: '2000-01-01T00:00:00Z',
      deletionTimestamp: '2000-01-01T00:00:00Z',
      generation: 9,
      selfLink: '/x',
    };
    const made = await api.create(at('river.dev/v1/tasks'), task('t', {}, claims));
    assert.match(made.metadata.uid ?? '', /^[0-9a-f-]{36}$/);
    assert.notEqual(made.metadata.creationTimestamp, claims.creationTimestamp);
    assert.deepEqual([made.metadata.deletionTimestamp, made.metadata.generation], [undefined, 1]);
    const other = await api.call('PUT', at('river.dev/v1/tasks/t'), {
      body: { ...made, metadata: { ...made.metadata, uid: '00000000-0000-0000-0000-000000000000' } },
    });
    assert.equal(other.status, 409);
  });
});
