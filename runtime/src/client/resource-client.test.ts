import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import type { KubeObject } from '@river/crds';
import { type ScriptedCall, scriptedServer } from '../testing/scripted-server.ts';
import { apiClient } from './api-client.ts';
import { discover } from './discovery.ts';

const server = await scriptedServer();
after(() => server.stop());
const client = apiClient({ server: `${server.url}/prefix`, namespace: 'default' });
const tasks = client.resource({ group: 'river.dev', version: 'v1', plural: 'tasks', namespaced: true, kind: 'Task' });
const nodes = client.resource({ group: '', version: 'v1', plural: 'nodes', namespaced: false });
const task = (name: string): KubeObject => ({ apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name, namespace: 'lab' } });

async function sent(call: Promise<unknown>, answer: unknown = {}): Promise<ScriptedCall> {
  const request = await server.next();
  request.json(200, answer);
  await call;
  return request;
}
const line = (request: ScriptedCall) => `${request.method} ${request.url.pathname}${decodeURIComponent(request.url.search)}`;

it('addresses each verb as Kubernetes does', async () => {
  const root = '/prefix/apis/river.dev/v1/namespaces/lab/tasks';
  assert.equal(line(await sent(tasks.get('a', { namespace: 'lab' }))), `GET ${root}/a`);
  assert.equal(line(await sent(nodes.get('n 1'))), 'GET /prefix/api/v1/nodes/n%201');
  assert.equal(line(await sent(tasks.create(task('a'), { dryRun: true, fieldManager: 'me' }))), `POST ${root}?fieldManager=me&dryRun=All`);
  assert.equal(line(await sent(tasks.updateStatus(task('a')))), `PUT ${root}/a/status`);
  const applied = await sent(tasks.apply(task('a'), { fieldManager: 'riverctl', force: true }));
  assert.equal(line(applied), `PATCH ${root}/a?fieldManager=riverctl&force=true`);
  assert.equal(applied.headers['content-type'], 'application/apply-patch+yaml');
  const patched = await sent(tasks.patch('a', [{ op: 'remove', path: '/spec' }], { type: 'json', namespace: 'lab' }));
  assert.equal(patched.headers['content-type'], 'application/json-patch+json');
  const deleted = await sent(tasks.delete('a', { namespace: 'lab', propagationPolicy: 'Foreground', preconditions: { uid: 'u' } }));
  assert.deepEqual(JSON.parse(deleted.body), {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Foreground',
    preconditions: { uid: 'u' },
  });
  assert.equal(line(await sent(tasks.deleteCollection({ namespace: 'lab', labelSelector: 'a=b' }))), `DELETE ${root}?labelSelector=a=b`);
});

it('refuses to address a namespaced object without its namespace, and takes the lack of one as all in a list', async () => {
  assert.throws(() => tasks.get('a'), /tasks a needs a namespace/);
  assert.equal(line(await sent(tasks.list(), { metadata: {}, items: [] })), 'GET /prefix/apis/river.dev/v1/tasks');
});

it('walks the pages of a list without repeating the revision that a token already names', async () => {
  const walk = Array.fromAsync(tasks.pages({ resourceVersion: '5', resourceVersionMatch: 'Exact', limit: 1 }));
  const first = await server.next();
  assert.equal(first.url.search, '?resourceVersion=5&resourceVersionMatch=Exact&limit=1');
  first.json(200, { metadata: { resourceVersion: '5', continue: 'next' }, items: [{ metadata: { name: 'a' } }] });
  const second = await server.next();
  assert.equal(second.url.search, '?limit=1&continue=next');
  second.json(200, { metadata: { resourceVersion: '5' }, items: null });
  const pages = await walk;
  assert.deepEqual(pages[0]?.items, [{ apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name: 'a' } }]);
  assert.equal(pages.length, 2);
});

const aggregatedRoot = (items: unknown[]) => ({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items });
const served = (resource: string, kind: string, more = {}) => ({
  resource,
  responseKind: { kind },
  scope: 'Namespaced',
  verbs: ['get'],
  ...more,
});

it('finds a kind by every name that a person or an object may use', async () => {
  const found = discover(client);
  for (const call of [await server.next(), await server.next()]) {
    const isCore = call.url.pathname.endsWith('/api');
    const river = served('tasks', 'Task', {
      singularResource: 'task',
      shortNames: ['tk'],
      categories: ['all'],
      subresources: [{ subresource: 'status' }],
    });
    const core = aggregatedRoot([
      { metadata: {}, versions: [{ version: 'v1', resources: [served('nodes', 'Node', { scope: 'Cluster' })] }] },
    ]);
    const groups = [
      {
        metadata: { name: 'river.dev' },
        versions: [
          { version: 'v1', resources: [river] },
          { version: 'v1beta1', resources: [river] },
        ],
      },
      { metadata: { name: 'other.io' }, versions: [{ version: 'v1', resources: [served('nodes', 'Node')] }] },
    ];
    call.json(200, isCore ? core : aggregatedRoot(groups));
  }
  const discovery = await found;
  for (const name of ['tasks', 'task', 'tk', 'Task', 'tasks.river.dev', 'tasks.v1.river.dev'])
    assert.equal(discovery.find(name)?.version, 'v1', name);
  assert.equal(discovery.find('tasks.v1beta1.river.dev')?.version, 'v1beta1');
  assert.equal(discovery.find('nodes')?.group, '');
  assert.equal(discovery.find('nodes.other.io')?.namespaced, true);
  assert.equal(discovery.find('tasks.nowhere'), undefined);
  assert.deepEqual(discovery.findKind('river.dev/v1', 'Task')?.subresources, ['status']);
  assert.equal(discovery.inCategory('all').length, 1);
});

it('falls back to one request for each group version, and one broken group hides no other', async () => {
  const answers: Record<string, unknown> = {
    '/prefix/api': { kind: 'APIVersions', versions: ['v1'] },
    '/prefix/apis': {
      kind: 'APIGroupList',
      groups: [
        {
          name: 'a.io',
          versions: [{ groupVersion: 'a.io/v1beta1' }, { groupVersion: 'a.io/v1' }],
          preferredVersion: { groupVersion: 'a.io/v1' },
        },
        { name: 'broken.io', versions: [{ groupVersion: 'broken.io/v1' }] },
      ],
    },
    '/prefix/api/v1': { resources: [{ name: 'pods', kind: 'Pod', namespaced: true }, { name: 'pods/status' }] },
    '/prefix/apis/a.io/v1': { resources: [{ name: 'as', kind: 'A', namespaced: false, singularName: 'a' }] },
    '/prefix/apis/a.io/v1beta1': { resources: [{ name: 'as', kind: 'A', namespaced: false }] },
  };
  const found = discover(client);
  for (let left = 6; left > 0; left--) {
    const call = await server.next();
    const answer = answers[call.url.pathname];
    call.json(answer ? 200 : 503, answer ?? {});
  }
  const discovery = await found;
  assert.deepEqual(
    discovery.resources.map((resource) => `${resource.plural}.${resource.version}.${resource.group}`),
    ['pods.v1.', 'as.v1.a.io', 'as.v1beta1.a.io'],
  );
  assert.deepEqual(discovery.find('pod')?.subresources, ['status']);
  assert.equal(discovery.failures[0]?.groupVersion, 'broken.io/v1');
});
