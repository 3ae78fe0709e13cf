import assert from 'node:assert/strict';
import type { KubeObject } from '@river/crds';
import { eventually } from '../server/eventually.ts';
import { onEachStore, type Room } from '../server/on-each-store.ts';
import { configMap, task } from './objects.ts';

interface List {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: KubeObject[];
}

const list = async ({ api, at }: Room, query = '', plural = 'configmaps'): Promise<List> =>
  (await api.read(`${at(plural)}${query}`)) as unknown as List;
const names = ({ items }: Pick<List, 'items'>) => items.map(({ metadata }) => metadata.name);
const fill = async ({ api, at }: Room, count: number) => {
  for (let n = 0; n < count; n++) await api.create(at('configmaps'), configMap(`c${n}`, { n: String(n) }));
};
const tableType = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const partialType = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const partialListType = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

onEachStore('facts of the API: reads', (test) => {
  test('shows one moment over all pages of a list, whatever is written meanwhile', async (room) => {
    const { api, at } = room;
    await fill(room, 7);
    const first = await list(room, '?limit=3');
    assert.deepEqual([names(first), first.metadata.remainingItemCount], [['c0', 'c1', 'c2'], 4]);
    await api.create(at('configmaps'), configMap('c33'));
    await api.remove(at('configmaps/c4'));
    await api.merge(at('configmaps/c5'), { data: { n: 'changed' } });
    const next = (token: string | undefined) => list(room, `?limit=3&continue=${encodeURIComponent(token ?? '')}`);
    const second = await next(first.metadata.continue);
    assert.deepEqual(names(second), ['c3', 'c4', 'c5']);
    assert.deepEqual(second.items[2]?.data, { n: '5' });
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    const third = await next(second.metadata.continue);
    assert.deepEqual([names(third), third.metadata.continue], [['c6'], undefined]);
    assert.deepEqual(names(await list(room)), ['c0', 'c1', 'c2', 'c3', 'c33', 'c5', 'c6']);
    const bad = await api.get(`${at('configmaps')}?limit=3&continue=nonsense`);
    assert.deepEqual([bad.status, bad.json.reason], [400, 'BadRequest']);
  });

  test('reads at the revision that is asked for', async (room) => {
    const { api, at } = room;
    await fill(room, 2);
    const { metadata } = await list(room);
    const then = metadata.resourceVersion;
    await api.create(at('configmaps'), configMap('later'));
    const table: [query: string, expected: number | string[]][] = [
      ['', ['c0', 'c1', 'later']],
      ['?resourceVersion=0', ['c0', 'c1', 'later']],
      [`?resourceVersion=${then}`, ['c0', 'c1', 'later']],
      [`?resourceVersion=${then}&resourceVersionMatch=NotOlderThan`, ['c0', 'c1', 'later']],
      [`?resourceVersion=${then}&resourceVersionMatch=Exact`, ['c0', 'c1']],
      [`?resourceVersion=${then}&resourceVersionMatch=Exact&limit=1`, ['c0']],
      ['?resourceVersion=0&resourceVersionMatch=Exact', 400],
      ['?resourceVersionMatch=Exact', 400],
      ['?resourceVersion=1&resourceVersionMatch=Sometimes', 400],
      ['?resourceVersion=abc', 400],
      ['?limit=-1', 400],
    ];
    for (const [query, expected] of table) {
      const { status, json } = await api.get(`${at('configmaps')}${query}`);
      const isCode = typeof expected === 'number';
      if (isCode) assert.ok(status === expected || status === 422, `${query}: ${status}`);
      else assert.deepEqual([status, names(json)], [200, expected], query);
    }
    const exact = await list(room, `?resourceVersion=${then}&resourceVersionMatch=Exact`);
    assert.equal(exact.metadata.resourceVersion, then);
  });

  test('says that a revision has not come yet', async ({ api, at }) => {
    const { status, json, headers } = await api.get(`${at('configmaps')}?resourceVersion=99999999999`);
    assert.deepEqual([status, json.reason], [504, 'Timeout']);
    assert.match(json.message, /Too large resource version/);
    assert.equal(json.details.causes[0].reason, 'ResourceVersionTooLarge');
    assert.ok(headers['retry-after']);
  });

  test('sends tables and metadata alone, when asked', async (room) => {
    const { api, at } = room;
    await api.create(at('river.dev/v1/tasks'), task('t'));
    const get = async (accept: string, path = '') => (await api.get(`${at('river.dev/v1/tasks')}${path}`, { headers: { accept } })).json;
    const table = await get(tableType);
    assert.deepEqual([table.kind, table.apiVersion], ['Table', 'meta.k8s.io/v1']);
    assert.equal(table.columnDefinitions[0].name, 'Name');
    assert.equal(table.rows[0].cells.length, table.columnDefinitions.length);
    assert.deepEqual([table.rows[0].object.kind, table.rows[0].object.metadata.name], ['PartialObjectMetadata', 't']);
    assert.equal((await get(tableType, '?includeObject=Object')).rows[0].object.kind, 'Task');
    assert.equal((await get(tableType, '?includeObject=None')).rows[0].object, null);
    assert.equal((await get(tableType, '/t')).rows.length, 1);
    const partial = await get(partialType, '/t');
    assert.deepEqual([partial.kind, partial.spec, partial.metadata.name], ['PartialObjectMetadata', undefined, 't']);
    const partials = await get(partialListType);
    assert.deepEqual(
      [partials.kind, partials.items[0].kind, partials.items[0].spec],
      ['PartialObjectMetadataList', 'PartialObjectMetadata', undefined],
    );
    assert.equal((await get(`${tableType},application/json`)).kind, 'Table');
    assert.equal((await get(`application/json;as=Unknown;g=meta.k8s.io;v=v1,application/json`)).kind, 'TaskList');
  });

  test('refuses to answer in protobuf, so that clients fall back', async ({ api, at }) => {
    const get = (accept: string) => api.get(at('configmaps'), { headers: { accept } });
    const only = await get('application/vnd.kubernetes.protobuf');
    assert.deepEqual([only.status, only.json.reason], [406, 'NotAcceptable']);
    assert.equal((await get('application/vnd.kubernetes.protobuf,application/json')).status, 200);
    assert.equal((await get('*/*')).status, 200);
  });

  test('compresses what is large, for those who take it', async (room) => {
    const { api, at } = room;
    for (let n = 0; n < 4; n++) await api.create(at('configmaps'), configMap(`big${n}`, { x: 'y'.repeat(100_000) }));
    const zipped = await api.get(at('configmaps'), { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.ok(zipped.bytes.length < 50_000, `${zipped.bytes.length} bytes`);
    assert.equal(zipped.json.items.length, 4);
    const plain = await api.get(at('configmaps'));
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.deepEqual(plain.json.items, zipped.json.items);
    const small = await api.get(at('configmaps/absent'), { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(small.headers['content-encoding'], undefined);
  });

  test('answers HEAD, unknown addresses and methods as HTTP has it, with a Status', async ({ api, at }) => {
    await api.create(at('configmaps'), configMap('c'));
    const head = await api.call('HEAD', at('configmaps/c'));
    assert.deepEqual([head.status, head.text], [200, '']);
    const table: [method: string, path: string, code: number, reason: string][] = [
      ['GET', '/nothing', 404, 'NotFound'],
      ['GET', '/api/v2', 404, 'NotFound'],
      ['GET', '/apis/no.group/v1', 404, 'NotFound'],
      ['GET', at('nothings'), 404, 'NotFound'],
      ['GET', `${at('configmaps')}/c/nothing`, 404, 'NotFound'],
      ['GET', at('configmaps/absent'), 404, 'NotFound'],
      ['POST', at('configmaps/c'), 405, 'MethodNotAllowed'],
      ['PUT', at('configmaps'), 405, 'MethodNotAllowed'],
      ['DELETE', '/version', 405, 'MethodNotAllowed'],
    ];
    for (const [method, path, code, reason] of table) {
      const { status, json } = await api.call(method, path, method === 'GET' ? {} : { body: {} });
      assert.deepEqual([status, json.kind, json.reason, json.code], [code, 'Status', reason, code], `${method} ${path}`);
    }
    const missing = (await api.get(at('configmaps/absent'))).json;
    assert.deepEqual([missing.message, missing.details], ['configmaps "absent" not found', { name: 'absent', kind: 'configmaps' }]);
  });

  test('lets nobody in who does not say who they are', async ({ api, at }) => {
    for (const token of [null, 'wrong', '']) {
      const { status, json } = await api.get(at('configmaps'), { token });
      assert.deepEqual([status, json.kind, json.reason], [401, 'Status', 'Unauthorized']);
    }
    for (const path of ['/healthz', '/livez', '/readyz']) assert.equal((await api.get(path, { token: null })).text, 'ok');
    for (const path of ['/metrics', '/version', '/api', '/openapi/v3'])
      assert.equal((await api.get(path, { token: null })).status, 401, path);
  });

  test('shows the kinds in discovery, old and aggregated, with a tag that tells when they changed', async ({ api }) => {
    assert.deepEqual((await api.get('/api')).json.versions, ['v1']);
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const aggregated = await api.get('/apis', { headers: { accept } });
    assert.equal(aggregated.headers['content-type'], accept);
    const river = aggregated.json.items.find(({ metadata }: KubeObject) => metadata.name === 'river.dev');
    assert.ok(river.versions[0].resources.some(({ resource }: { resource: string }) => resource === 'tasks'));
    const { headers } = await api.get('/openapi/v2');
    assert.equal((await api.get('/openapi/v2', { headers: { 'if-none-match': String(headers.etag) } })).status, 304);
    const index = (await api.get('/openapi/v3')).json.paths;
    assert.ok(index['apis/river.dev/v1'].serverRelativeURL.includes('hash='));
    assert.equal((await api.get(index['apis/river.dev/v1'].serverRelativeURL)).json.openapi.slice(0, 2), '3.');
  });
});

onEachStore('facts of the API: watches', (test) => {
  test('tells who starts and who stops matching as added and deleted', async (room) => {
    const { api, at } = room;
    await api.create(at('configmaps'), configMap('a', {}, { labels: { on: 'yes' } }));
    await api.create(at('configmaps'), configMap('b', {}, { labels: { on: 'no' } }));
    const { metadata } = await list(room);
    const label = (name: string, on: string | null) => api.merge(at(`configmaps/${name}`), { metadata: { labels: { on } } });
    const selected = api.watch(`${at('configmaps')}?watch=1&labelSelector=on%3Dyes&resourceVersion=${metadata.resourceVersion}`);
    const named = api.watch(`${at('configmaps')}?watch=1&fieldSelector=metadata.name%3Db&resourceVersion=${metadata.resourceVersion}`);
    await label('b', 'yes');
    await api.merge(at('configmaps/b'), { data: { x: '1' } });
    const left = await label('a', null);
    await label('b', 'no');
    await api.remove(at('configmaps/b'));
    await selected.until('four events', (events) => events.length >= 4);
    await named.until('four events', (events) => events.length >= 4);
    for (const watch of [selected, named]) watch.close();
    assert.deepEqual(selected.seen(), ['ADDED b', 'MODIFIED b', 'DELETED a', 'DELETED b']);
    assert.deepEqual(named.seen(), ['MODIFIED b', 'MODIFIED b', 'MODIFIED b', 'DELETED b']);
    const gone = selected.events[2]?.object;
    assert.deepEqual([gone?.metadata.labels?.on, gone?.metadata.resourceVersion], ['yes', left.metadata.resourceVersion]);
    const revisions = named.events.map(({ object }) => Number(object.metadata.resourceVersion));
    assert.deepEqual(
      revisions,
      revisions.toSorted((x, y) => x - y),
    );
  });

  test('tells the same of status fields that can be selected by', async ({ api, at }) => {
    await api.create(at('river.dev/v1/tasks'), task('t'));
    const watch = api.watch(`${at('river.dev/v1/tasks')}?watch=1&fieldSelector=status.phase%3DRunning`);
    await watch.opened;
    const setPhase = (phase: string) =>
      api.call('PATCH', `${at('river.dev/v1/tasks')}/t/status`, { body: { status: { phase } }, type: 'application/merge-patch+json' });
    await setPhase('Running');
    await setPhase('Succeeded');
    await watch.until('both', (events) => events.length >= 2);
    watch.close();
    assert.deepEqual(watch.seen(), ['ADDED t', 'DELETED t']);
  });

  test('goes on from any revision that is kept, without a gap', async (room) => {
    const { api, at } = room;
    const { metadata } = await list(room);
    await fill(room, 4);
    await api.remove(at('configmaps/c1'));
    const all = ['ADDED c0', 'ADDED c1', 'ADDED c2', 'ADDED c3', 'DELETED c1'];
    const whole = api.watch(`${at('configmaps')}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    await whole.until('all of it', (events) => events.length >= all.length);
    whole.close();
    assert.deepEqual(whole.seen(), all);
    const rests = whole.events.map(({ object }) =>
      api.watch(`${at('configmaps')}?watch=1&resourceVersion=${object.metadata.resourceVersion}&timeoutSeconds=1`),
    );
    for (const [n, rest] of rests.entries()) {
      await rest.ended;
      assert.deepEqual(rest.seen(), all.slice(n + 1));
    }
  });

  test('begins with what is there, and ends the beginning with a bookmark', async (room) => {
    const { api, at } = room;
    await fill(room, 3);
    const start = `${at('configmaps')}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`;
    const watch = api.watch(start);
    const events = await watch.until('the bookmark', (seen) => seen.some(({ type }) => type === 'BOOKMARK'));
    assert.deepEqual(
      events.map(({ type }) => type),
      ['ADDED', 'ADDED', 'ADDED', 'BOOKMARK'],
    );
    const { object } = events[3] ?? assert.fail();
    assert.equal(object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
    assert.deepEqual([object.kind, object.apiVersion], ['ConfigMap', 'v1']);
    const { metadata } = await list(room);
    assert.ok(Number(object.metadata.resourceVersion) <= Number(metadata.resourceVersion));
    await api.create(at('configmaps'), configMap('after'));
    await watch.until('what comes after', () => watch.seen().at(-1) === 'ADDED after');
    watch.close();
    const lone = await api.get(`${at('configmaps')}?watch=1&sendInitialEvents=true`);
    assert.ok([400, 422].includes(lone.status), String(lone.status));
    const none = api.watch(
      `${at('configmaps')}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0&timeoutSeconds=1`,
    );
    await none.ended;
    assert.deepEqual(none.seen(), []);
  });

  test('ends when its time is over', async ({ api, at }) => {
    const started = performance.now();
    const watch = api.watch(`${at('configmaps')}?watch=1&timeoutSeconds=1`);
    assert.equal(await watch.opened, 200);
    assert.equal(await watch.ended, undefined);
    const tookMs = performance.now() - started;
    assert.ok(tookMs > 900 && tookMs < 15_000, `${tookMs} ms`);
  });

  test('says that a revision is no longer kept', async (room) => {
    const { api, at } = room;
    const answer = await eventually('an answer about revision 1', () =>
      api.get(`${at('configmaps')}?watch=1&resourceVersion=1&timeoutSeconds=1`),
    );
    if (answer.status === 200) {
      const [line] = answer.text.split('\n');
      if (line) assert.deepEqual([JSON.parse(line).type, JSON.parse(line).object.code], ['ERROR', 410]);
    } else assert.deepEqual([answer.status, answer.json.reason], [410, 'Expired']);
  });

  test('streams tables and metadata alone, when asked', async ({ api, at }) => {
    await api.create(at('configmaps'), configMap('c', { a: '1' }));
    const table = api.watch(`${at('configmaps')}?watch=1&resourceVersion=0`, { headers: { accept: tableType } });
    const partial = api.watch(`${at('configmaps')}?watch=1&resourceVersion=0`, { headers: { accept: partialType } });
    await table.until('the first row', (events) => events.length === 1);
    await api.merge(at('configmaps/c'), { data: { b: '2' } });
    await table.until('the change', (events) => events.length === 2);
    await partial.until('the change', (events) => events.length === 2);
    for (const watch of [table, partial]) watch.close();
    const [first, second] = table.events.map(
      ({ object }) => object as unknown as { kind: string; columnDefinitions?: unknown[]; rows: { cells: unknown[] }[] },
    );
    assert.equal(first?.kind, 'Table');
    assert.equal(first?.columnDefinitions?.length, 3);
    assert.equal(second?.columnDefinitions?.length ?? 0, 0);
    assert.deepEqual(second?.rows[0]?.cells.slice(0, 2), ['c', 2]);
    assert.deepEqual(
      partial.events.map(({ object }) => [object.kind, object.data]),
      [
        ['PartialObjectMetadata', undefined],
        ['PartialObjectMetadata', undefined],
      ],
    );
  });

  test('watches all namespaces', async ({ api, at, namespace }) => {
    const all = api.watch(`/api/v1/configmaps?watch=1&labelSelector=in%3D${namespace}`);
    await all.opened;
    const made = await api.create(at('configmaps'), configMap('c', {}, { labels: { in: namespace } }));
    const [event] = await all.until('it is seen', (events) => events.length > 0);
    all.close();
    assert.deepEqual(event?.object, made);
  });

  test('shows to all watchers the same, in the order of the revisions', async ({ api, at }) => {
    const watches = Array.from({ length: 10 }, () => api.watch(`${at('configmaps')}?watch=1`));
    await Promise.all(watches.map(({ opened }) => opened));
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        await api.create(at('configmaps'), configMap(`c${n}`));
        for (let turn = 0; turn < 5; turn++) await api.merge(at(`configmaps/c${n}`), { data: { turn: String(turn) } });
        await api.remove(at(`configmaps/c${n}`));
      }),
    );
    const [first, ...others] = await Promise.all(watches.map((watch) => watch.until('70 events', (events) => events.length >= 70)));
    for (const watch of watches) watch.close();
    const revisions = (first ?? []).map(({ object }) => Number(object.metadata.resourceVersion));
    assert.equal(new Set(revisions).size, 70);
    assert.deepEqual(
      revisions,
      revisions.toSorted((x, y) => x - y),
    );
    for (const other of others) assert.deepEqual(other, first);
  });
});
