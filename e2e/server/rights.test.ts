import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Api, apiOf, type Call } from './http.ts';
import { type RunningServer, startServer } from './start-server.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const maps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const binding = (name: string, role: string, user: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
});

describe('people with tokens of their own', () => {
  let server: RunningServer;
  let api: Api;
  const asBob = (method: string, path: string, call: Call = {}): Promise<Answer> => api.call(method, path, { token: 'bob', ...call });
  before(async () => {
    server = await startServer({ store: 'memory', users: { bob: { groups: ['team'] } } });
    api = apiOf(server);
  });
  after(async () => {
    api?.close();
    await server?.stop();
  });

  it('see what is served, and nothing else', async () => {
    for (const path of ['/api', '/apis', '/apis/river.dev/v1', '/version', '/openapi/v3']) {
      assert.equal((await asBob('GET', path)).status, 200, path);
    }
    for (const path of ['/metrics', '/backup', maps('default'), '/api/v1/namespaces', '/api/v1/nodes', '/apis/river.dev/v1/nodes']) {
      const { status, json } = await asBob('GET', path);
      assert.ok(status === 403 || (status === 404 && path === '/api/v1/nodes'), `${path}: ${status}`);
      assert.match(String(json.reason), /Forbidden|NotFound/);
    }
  });

  it('are not told whether something that they may not see is there', async () => {
    await api.create(maps('default'), configMap('there'));
    const there = await asBob('GET', `${maps('default')}/there`);
    const absent = await asBob('GET', `${maps('default')}/absent`);
    assert.deepEqual([there.status, absent.status], [403, 403]);
    assert.equal(there.text.replaceAll('there', 'NAME'), absent.text.replaceAll('absent', 'NAME'));
  });

  it('cannot become somebody else', async () => {
    const headers = { 'Impersonate-User': 'admin', 'Impersonate-Group': 'system:masters' };
    const refused = await asBob('GET', maps('default'), { headers });
    assert.equal(refused.status, 403);
    assert.match(refused.json.message, /User "bob" cannot impersonate resource "users"/);
    const headless = await api.get(maps('default'), { headers: { 'Impersonate-Group': 'team' } });
    assert.equal(headless.status, 400);
    const odd = await api.get(maps('default'), { headers: { 'Impersonate-Extra-__proto__': 'x' } });
    assert.equal(odd.status, 400);
    const asTeam = await api.get(maps('default'), { headers: { 'Impersonate-User': 'bob', 'Impersonate-Group': 'team' } });
    assert.equal(asTeam.status, 403);
  });

  it('lose a running watch as soon as the right to it is gone', async () => {
    await api.create(`${rbac}/namespaces/default/rolebindings`, binding('watches', 'viewer', 'bob'));
    const watching = api.watch(`${maps('default')}?watch=1`, { token: 'bob' });
    assert.equal(await watching.opened, 200);
    await watching.until('it has begun', (events) => events.length > 0);
    const startMs = performance.now();
    await api.remove(`${rbac}/namespaces/default/rolebindings/watches`);
    await watching.ended;
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
    const last = watching.events.at(-1);
    assert.deepEqual([last?.type, (last?.object as { code?: number } | undefined)?.code], ['ERROR', 403]);
    assert.equal((await asBob('GET', maps('default'))).status, 403);
  });

  it('get no watch whose right went while it waited for its revision', async () => {
    await api.create(`${rbac}/namespaces/default/rolebindings`, binding('waits', 'viewer', 'bob'));
    const { metadata } = await api.read(maps('default'));
    const ahead = Number(metadata.resourceVersion) + 3;
    const watching = api.watch(`${maps('default')}?watch=1&resourceVersion=${ahead}`, { token: 'bob' });
    const opened = watching.opened.catch(() => 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await api.remove(`${rbac}/namespaces/default/rolebindings/waits`);
    for (let at = 0; at < 4; at++) await api.create(maps('default'), configMap(`later${at}`));
    assert.equal(await opened, 403);
    watching.close();
  });

  it('may watch the one object that they may see', async () => {
    const one = { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['there'] };
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'one' }, rules: [one] };
    await api.create(`${rbac}/clusterroles`, role);
    await api.create(`${rbac}/namespaces/default/rolebindings`, binding('one', 'one', 'bob'));
    assert.equal((await asBob('GET', maps('default'))).status, 403);
    const listed = await asBob('GET', `${maps('default')}?fieldSelector=metadata.name%3Dthere`);
    assert.equal(listed.status, 200);
    assert.equal(listed.json.items.length, 1);
    assert.equal((await asBob('GET', `${maps('default')}?fieldSelector=metadata.name%3Dother`)).status, 403);
    assert.equal((await asBob('GET', `${maps('default')}?fieldSelector=metadata.name!%3Dthere`)).status, 403);
  });
});
