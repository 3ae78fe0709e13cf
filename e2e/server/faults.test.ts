import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, afterEach, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeObject } from '@river/crds';
import { configMap, json, widget, widgetCrd, widgetGroup } from '../kubectl/objects.ts';
import { compactEtcd } from './compact-etcd.ts';
import { eventually } from './eventually.ts';
import { type Answer, type Api, apiOf } from './http.ts';
import { assertFollowed, assertKept, type Follower, follow, type Load, startLoad } from './load.ts';
import { showLog } from './on-each-store.ts';
import { type RunningServer, type StoreKind, startServer } from './start-server.ts';

const isAll = process.env.RIVER_TEST_ALL === '1';
const rounds = Number(process.env.RIVER_ROUNDS ?? (isAll ? 20 : 2));
const writers = 64;
const everything = '/api/v1/configmaps';

const listAll = async (api: Api, address: string): Promise<KubeObject[]> =>
  ((await api.read(address)) as unknown as { items: KubeObject[] }).items;
const revisionOf = async (api: Api): Promise<string> => String((await api.read(everything)).metadata.resourceVersion);

/** The config maps of a namespace that nobody else writes to. */
async function freshAddress(api: Api): Promise<string> {
  const name = `n-${randomInt(2 ** 40)}`;
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return `/api/v1/namespaces/${name}/configmaps`;
}

/** Waits until each has seen the last write. */
async function caughtUp(followers: readonly Follower[], api: Api, address: string): Promise<KubeObject[]> {
  const { metadata } = await api.create(address, configMap(`last-${randomInt(2 ** 40)}`));
  for (const [n, follower] of followers.entries()) {
    const look = () => follower.events().at(-1)?.object;
    await eventually(
      `watcher ${n} sees the last write`,
      look,
      (last) => Number(last?.metadata?.resourceVersion) >= Number(metadata.resourceVersion),
    );
    follower.stop();
  }
  return listAll(api, address);
}

/** Whatever has happened: nothing of a test goes on after it. */
async function end(load: Load, followers: readonly Follower[]): Promise<void> {
  for (const follower of followers) follower.stop();
  await load.stop();
}

for (const store of ['sqlite', 'etcd'] as const satisfies StoreKind[]) {
  describe(`kill -9 of the API server under ${writers} writers, ${rounds} rounds, on ${store}`, () => {
    let server: RunningServer;
    let api: Api;
    before(async () => {
      server = await startServer({ store });
      api = apiOf(server);
    });
    after(async () => {
      api?.close();
      await server?.stop();
    });
    afterEach((context) => showLog(context as TestContext, server));

    it('keeps every acknowledged write, and no watcher that reconnects misses or repeats an event', async (context) => {
      let restarted = Promise.resolve();
      const recovered = () => restarted.then(() => undefined);
      const address = await freshAddress(api);
      const from = await revisionOf(api);
      const followers = Array.from({ length: 4 }, () => follow(() => api, address, from, recovered));
      const load = startLoad({ api: () => api, address, writers, recovered });
      context.after(() => end(load, followers));
      for (let round = 0; round < rounds; round++) {
        const target = load.acknowledged.length + 300 + randomInt(500);
        await eventually(
          `${target} acknowledged writes in round ${round}`,
          () => load.acknowledged.length,
          (count) => count >= target,
          60_000,
        );
        const { promise, resolve } = Promise.withResolvers<void>();
        restarted = promise;
        await server.kill9();
        // Every other time what the store keeps is pulled away under it as well.
        if (server.etcd && round % 2 === 1) {
          await server.etcd.kill9();
          await server.etcd.start();
        }
        await server.restart();
        resolve();
      }
      const target = load.acknowledged.length + 300;
      await eventually(
        'writes after the last restart',
        () => load.acknowledged.length,
        (count) => count >= target,
        60_000,
      );
      await load.stop();
      const items = await caughtUp(followers, api, address);
      assertKept(load, items);
      for (const follower of followers) {
        assertFollowed(follower, load, items);
        assert.ok(follower.connections() > rounds, `a watcher has connected only ${follower.connections()} times`);
      }
    });
  });
}

describe('etcd under a running API server', () => {
  let server: RunningServer;
  let api: Api;
  before(async () => {
    server = await startServer({ store: 'etcd' });
    api = apiOf(server);
  });
  after(async () => {
    api?.close();
    await server?.stop();
  });
  afterEach((context) => showLog(context as TestContext, server));
  const etcd = () => server.etcd ?? assert.fail('there is no etcd');

  it('is stopped for 10 s under load: clear refusals, nothing lost, nothing missed, and on it goes', async (context) => {
    const refusals: Answer[] = [];
    const recovered = () => pause(100);
    const address = await freshAddress(api);
    const from = await revisionOf(api);
    const followers = Array.from({ length: 3 }, () => follow(() => api, address, from, recovered));
    const load = startLoad({ api: () => api, address, writers: 16, recovered, onRefusal: (answer) => refusals.push(answer) });
    context.after(() => end(load, followers));
    await eventually('some writes', () => load.acknowledged.length > 200);
    await etcd().stop();
    const before = load.acknowledged.length;
    await pause(5_000);
    const read = await api.get(`${address}?resourceVersion=0`);
    assert.equal(read.status, 200, 'what is in the cache is served still');
    const ready = await api.get('/readyz');
    assert.equal((await api.get('/livez')).status, 200);
    await pause(5_000);
    const startedMs = performance.now();
    await etcd().start();
    await eventually('writes are acknowledged again', () => load.acknowledged.length > before + 200, Boolean, 20_000);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 15_000, `it took ${Math.round(tookMs)} ms to go on`);
    await load.stop();
    const items = await caughtUp(followers, api, address);
    assertKept(load, items);
    for (const follower of followers) assertFollowed(follower, load, items);
    assert.ok(refusals.length > 0);
    for (const { status, json: said, headers } of refusals) {
      assert.ok([500, 503, 504].includes(status), `${status} ${json(said)}`);
      assert.equal(said.kind, 'Status');
      assert.ok(said.message.length > 10 && said.reason !== 'InternalError', json(said));
      assert.ok(headers['retry-after']);
    }
    assert.ok([200, 500, 503].includes(ready.status));
    assert.equal((await api.get('/readyz')).status, 200);
  });

  it('is compacted behind our back under load: nobody who watches loses anything', async (context) => {
    const recovered = () => pause(50);
    const address = await freshAddress(api);
    const from = await revisionOf(api);
    const followers = Array.from({ length: 3 }, () => follow(() => api, address, from, recovered));
    const load = startLoad({ api: () => api, address, writers: 16, recovered });
    context.after(() => end(load, followers));
    for (let turn = 1; turn <= 3; turn++) {
      await eventually('some writes', () => load.acknowledged.length > turn * 300, Boolean, 30_000);
      await compactEtcd(etcd(), await revisionOf(api));
    }
    await load.stop();
    const items = await caughtUp(followers, api, address);
    assertKept(load, items);
    for (const follower of followers) assertFollowed(follower, load, items);
  });

  it('has dropped the history that a list or a watch asks for: 410, and a token to go on with', async () => {
    const small = '/api/v1/namespaces/paged/configmaps';
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'paged' } });
    for (const name of ['a', 'b', 'c', 'd']) await api.create(small, configMap(name));
    const first = await api.get(`${small}?limit=2`);
    const { resourceVersion, continue: token } = first.json.metadata;
    await api.remove(`${small}/a`);
    await api.create(small, configMap('e'));
    await compactEtcd(etcd(), await revisionOf(api));
    const expired = await api.get(`${small}?limit=2&continue=${encodeURIComponent(token)}`);
    assert.deepEqual([expired.status, expired.json.reason], [410, 'Expired']);
    const next = expired.json.metadata.continue;
    assert.ok(next);
    const rest = await api.get(`${small}?limit=10&continue=${encodeURIComponent(next)}`);
    assert.deepEqual(
      rest.json.items.map(({ metadata }: KubeObject) => metadata.name),
      ['c', 'd', 'e'],
    );
    const exact = await api.get(`${small}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`);
    assert.deepEqual([exact.status, exact.json.reason], [410, 'Expired']);
    await server.kill9();
    await server.restart();
    const watch = await api.get(`${small}?watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=2`);
    const said = watch.status === 200 ? JSON.parse(watch.text.split('\n')[0] ?? '{}').object : watch.json;
    assert.deepEqual([said.kind, said.code, said.reason], ['Status', 410, 'Expired']);
  });
});

describe('two API servers over one etcd', () => {
  const address = '/api/v1/namespaces/default/configmaps';
  let a: RunningServer;
  let b: RunningServer;
  let apis: [Api, Api];
  before(async () => {
    a = await startServer({ store: 'etcd' });
    b = await startServer({ store: 'etcd', etcd: a.etcd! });
    apis = [apiOf(a), apiOf(b)];
  });
  after(async () => {
    for (const api of apis ?? []) api.close();
    await b?.stop();
    await a?.stop();
  });
  afterEach((context) => {
    showLog(context as TestContext, a);
    showLog(context as TestContext, b);
  });

  it('read through each what was written through the other, at once', async () => {
    const client = async (number: number) => {
      for (let turn = 0; turn < 25; turn++) {
        const [here, there] = turn % 2 === 0 ? apis : [apis[1], apis[0]];
        const name = `ryw-${number}-${turn}`;
        const made = await here.create(address, configMap(name, { turn: '0' }, { labels: { client: String(number) } }));
        const read = await there.read(`${address}/${name}`);
        assert.deepEqual(read, made);
        const changed = await there.replace(`${address}/${name}`, { ...read, data: { turn: '1' } });
        assert.deepEqual((await here.read(`${address}/${name}`)).metadata.resourceVersion, changed.metadata.resourceVersion);
        const listed = await here.get(`${address}?labelSelector=client%3D${number}`);
        assert.ok(listed.json.items.some(({ metadata }: KubeObject) => metadata.resourceVersion === changed.metadata.resourceVersion));
        assert.equal((await here.call('PUT', `${address}/${name}`, { body: { ...read, data: { turn: '2' } } })).status, 409);
        await here.remove(`${address}/${name}`);
        assert.equal((await there.get(`${address}/${name}`)).status, 404);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
  });

  it('let one win when both are asked for the same name', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const answers = await Promise.all(apis.map((api) => api.call('POST', address, { body: configMap(`race-${turn}`) })));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    }
  });

  it('show the same events in the same order', async () => {
    const from = await revisionOf(apis[0]);
    const watches = apis.map((api) => api.watch(`${address}?watch=1&resourceVersion=${from}`));
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const [here, there] = n % 2 === 0 ? apis : [apis[1], apis[0]];
        await here.create(address, configMap(`seen-${n}`));
        await there.merge(`${address}/seen-${n}`, { data: { n: String(n) } });
        await here.remove(`${address}/seen-${n}`);
      }),
    );
    const [first, second] = await Promise.all(watches.map((watch) => watch.until('120 events', (events) => events.length >= 120)));
    for (const watch of watches) watch.close();
    assert.equal(first?.length, 120);
    assert.deepEqual(second, first);
  });

  it('serve a kind that was defined through the other, and do their chores once', async () => {
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await apis[0].create(crds, widgetCrd('shared'));
    const widgets = `/apis/${widgetGroup('shared')}/v1/namespaces/default/widgets`;
    const owner = await eventually('the kind is served by the other', () => apis[1].create(widgets, widget('shared', 'w')));
    const reference = { apiVersion: owner.apiVersion, kind: owner.kind, name: 'w', uid: owner.metadata.uid };
    await apis[0].create(address, configMap('owned', {}, { ownerReferences: [reference] }));
    await apis[1].remove(`${widgets}/w`);
    await eventually(
      'what it owned goes',
      async () => (await apis[0].get(`${address}/owned`)).status,
      (status) => status === 404,
    );
    await apis[1].remove(`${crds}/widgets.${widgetGroup('shared')}`);
    for (const api of apis)
      await eventually(
        'the kind goes',
        async () => (await api.get(widgets)).status,
        (status) => status === 404,
      );
  });

  it('go on when one of them is killed', async () => {
    await a.kill9();
    await apis[1].create(address, configMap('alone'));
    await a.restart();
    assert.equal((await apis[0].read(`${address}/alone`)).metadata.name, 'alone');
  });
});
