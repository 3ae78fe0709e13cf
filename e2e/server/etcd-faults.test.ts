import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeObject } from '@river/crds';
import { configMap, json } from '../kubectl/objects.ts';
import { compactEtcd } from './compact-etcd.ts';
import { eventually } from './eventually.ts';
import type { Answer } from './http.ts';
import { caughtUp, end, follow, freshAddress, revisionOf, startLoad } from './load.ts';
import { assertFollowed, assertKept } from './load-check.ts';
import { useServer } from './use-server.ts';

describe('etcd under a running API server', () => {
  const used = useServer({ store: 'etcd' });
  const etcd = () => used.server.etcd ?? assert.fail('there is no etcd');

  it('is stopped for 10 s under load: clear refusals, nothing lost, nothing missed, and on it goes', async (context) => {
    const { api } = used;
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
    const { api } = used;
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
    const { server, api } = used;
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
