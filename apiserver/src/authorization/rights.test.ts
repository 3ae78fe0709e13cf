import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusal, type TestCore, testCore } from '../testing/test-core.ts';
import type { PolicyRule } from './rules.ts';

const group = 'rbac.authorization.k8s.io';
const plural = (name: string) => `${name}.${group}`;
const requesterOf = (username: string, ...groups: string[]) => ({ username, uid: '', groups, extra: {} });
const bob = requesterOf('bob', 'team');

const user = (name: string) => ({ kind: 'User', apiGroup: group, name });
const role = (name: string, rules: PolicyRule[], namespace = 'default') => ({
  metadata: { name, namespace },
  rules: structuredClone(rules) as never,
});
const clusterRole = (name: string, rules: PolicyRule[]) => ({ metadata: { name }, rules: structuredClone(rules) as never });
const binding = (name: string, kind: string, roleName: string, subjects: object[], namespace = 'default') => ({
  metadata: { name, namespace },
  roleRef: { apiGroup: group, kind, name: roleName },
  subjects: subjects as never,
});
const readsMaps: PolicyRule[] = [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'] }];

const getMap = (namespace: string) => ({ verb: 'get', group: '', resource: 'configmaps', subresource: '', namespace, name: 'x' });

const withCore = async (use: (server: TestCore) => Promise<void>) => {
  const server = await testCore();
  await use(server);
  await server.close();
};

describe('rights', () => {
  it('are none at first, and all for system:masters', () =>
    withCore(async ({ core: { rights } }) => {
      assert.equal(rights.allows(bob, getMap('default')), false);
      assert.equal(rights.allows(requesterOf('x', 'system:masters'), getMap('default')), true);
      assert.equal(rights.allows(requesterOf('x', 'system:authenticated'), { verb: 'get', path: '/api' }), true);
    }));

  it('hold within the namespace of a RoleBinding, and everywhere with a ClusterRoleBinding', () =>
    withCore(async (server) => {
      const { rights } = server.core;
      await server.create(plural('clusterroles'), clusterRole('maps', readsMaps));
      await server.create(plural('rolebindings'), binding('b', 'ClusterRole', 'maps', [user('bob')]));
      assert.deepEqual(
        ['default', 'other', ''].map((namespace) => rights.allows(bob, getMap(namespace))),
        [true, false, false],
      );
      const { namespace: _, ...metadata } = binding('c', '', '', []).metadata;
      await server.create(plural('clusterrolebindings'), {
        ...binding('c', 'ClusterRole', 'maps', [{ kind: 'Group', name: 'team' }]),
        metadata,
      });
      assert.deepEqual(
        ['default', 'other', ''].map((namespace) => rights.allows(bob, getMap(namespace))),
        [true, true, true],
      );
      assert.equal(rights.allows(requesterOf('eve'), getMap('default')), false);
    }));

  it('end with the binding, the role, or the rule', () =>
    withCore(async (server) => {
      const { rights } = server.core;
      const allowed = () => rights.allows(bob, getMap('default'));
      let changes = 0;
      rights.onChange(() => changes++);
      await server.create(plural('roles'), role('maps', readsMaps));
      await server.create(plural('rolebindings'), binding('b', 'Role', 'maps', [user('bob')]));
      assert.equal(allowed(), true);
      await server.patch(plural('roles'), 'default/maps', {
        body: { rules: [{ verbs: ['list'], apiGroups: [''], resources: ['configmaps'] }] },
      });
      assert.equal(allowed(), false);
      await server.patch(plural('roles'), 'default/maps', { body: { rules: readsMaps as never } });
      assert.equal(allowed(), true);
      await server.patch(plural('rolebindings'), 'default/b', { body: { subjects: [user('eve')] } });
      assert.equal(allowed(), false);
      await server.patch(plural('rolebindings'), 'default/b', { body: { subjects: [user('eve'), user('bob')] } });
      assert.equal(allowed(), true);
      await server.remove(plural('roles'), 'default/maps');
      assert.equal(allowed(), false);
      assert.ok(changes >= 6);
    }));

  it('of an account are those of the user that its tokens name', () =>
    withCore(async (server) => {
      await server.create(plural('roles'), role('maps', readsMaps));
      const account = { kind: 'ServiceAccount', name: 'robot', namespace: 'default' };
      await server.create(plural('rolebindings'), binding('b', 'Role', 'maps', [account]));
      assert.equal(server.core.rights.allows(requesterOf('system:serviceaccount:default:robot'), getMap('default')), true);
      assert.equal(server.core.rights.allows(requesterOf('system:serviceaccount:other:robot'), getMap('default')), false);
    }));
});

describe('rights cannot be raised', () => {
  const may = async (server: TestCore, rules: PolicyRule[]) => {
    await server.create(plural('clusterroles'), clusterRole('of-bob', rules));
    await server.create(plural('rolebindings'), binding('of-bob', 'ClusterRole', 'of-bob', [user('bob')]));
  };
  const asBob = { requester: bob };

  it('by a role, nor by changing one', () =>
    withCore(async (server) => {
      await may(server, readsMaps);
      const created = server.create(plural('roles'), role('more', [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }]), asBob);
      const error = await refusal(created);
      assert.equal(error.code, 403);
      assert.match(error.message, /attempting to grant RBAC permissions not currently held:\n.*secrets/);
      await server.create(plural('roles'), role('same', readsMaps), asBob);
      const widened = { rules: [{ verbs: ['*'], apiGroups: [''], resources: ['configmaps'] }] };
      assert.equal((await refusal(server.patch(plural('roles'), 'default/same', { body: widened, options: asBob }))).code, 403);
      await server.patch(plural('roles'), 'default/same', { body: { metadata: { labels: { a: 'b' } } }, options: asBob });
    }));

  it('by a binding, unless one may bind the role', () =>
    withCore(async (server) => {
      await may(server, readsMaps);
      const grab = () => server.create(plural('rolebindings'), binding('grab', 'ClusterRole', 'admin', [user('bob')]), asBob);
      assert.equal((await refusal(grab())).code, 403);
      const binds: PolicyRule[] = [{ verbs: ['bind'], apiGroups: [group], resources: ['clusterroles'], resourceNames: ['admin'] }];
      await server.patch(plural('clusterroles'), 'of-bob', { body: { rules: [...readsMaps, ...binds] as never } });
      await grab();
      assert.equal(server.core.rights.allows(bob, { ...getMap('default'), verb: 'delete' }), true);
      assert.equal(server.core.rights.allows(bob, getMap('other')), false);
    }));

  it('by a role that is made of others', () =>
    withCore(async (server) => {
      await may(server, readsMaps);
      const all = { clusterRoleSelectors: [{}] };
      const made = server.create(plural('clusterroles'), { metadata: { name: 'sum' }, aggregationRule: all }, asBob);
      assert.equal((await refusal(made)).code, 403);
    }));

  it('by pointing a binding at another role, or at a name that does not exist yet', () =>
    withCore(async (server) => {
      await may(server, readsMaps);
      await server.create(plural('rolebindings'), binding('fine', 'ClusterRole', 'of-bob', [user('eve')]), asBob);
      const moved = { roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'admin' } };
      assert.equal((await refusal(server.patch(plural('rolebindings'), 'default/fine', { body: moved, options: asBob }))).code, 422);
      const early = server.create(plural('rolebindings'), binding('early', 'Role', 'not-yet', [user('bob')]), asBob);
      assert.equal((await refusal(early)).code, 404);
    }));
});

it('a binding takes no name that could mean a role elsewhere, and nothing that is no list of subjects', async () => {
  const server = await testCore();
  const wrong = [
    binding('b', 'ClusterRole', 'other/role', [user('bob')]),
    { ...binding('b', 'ClusterRole', 'viewer', []), roleRef: { apiGroup: 'foo', kind: 'ClusterRole', name: 'viewer' } },
    ...[[null], 'abc', [1], { a: 1 }].map((subjects) => ({ ...binding('b', 'ClusterRole', 'viewer', []), subjects: subjects as never })),
  ];
  for (const each of wrong)
    assert.ok([400, 422].includes((await refusal(server.create(plural('rolebindings'), each))).code), JSON.stringify(each));
  await server.close();
});

it('the kinds of the server itself cannot be defined again', async () => {
  const server = await testCore();
  const taken = (kind: string, name: string) => ({
    metadata: { name: `${name}.${group}`, annotations: { 'api-approved.kubernetes.io': 'https://example.com/1' } },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural: name, kind },
      versions: [{ name: 'v9', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
  for (const [kind, name] of [
    ['ClusterRoleBinding', 'clusterrolebindings'],
    ['Mine', 'clusterroles'],
    ['ClusterRole', 'mine'],
  ] as const) {
    const error = await refusal(server.create('customresourcedefinitions.apiextensions.k8s.io', taken(kind, name)));
    assert.equal(error.code, 422);
    assert.match(error.message, /is a kind of the server itself/);
  }
  await server.close();
});

it('what is not understood in the store gives no rights and stops nothing', async () => {
  const server = await testCore();
  const put = (key: string, object: object) => server.store.txn([], [{ key, value: Buffer.from(JSON.stringify(object)) }]);
  const head = (kind: string, name: string) => ({ apiVersion: `${group}/v1`, kind, metadata: { name, uid: name } });
  await put(`${group}/clusterrolebindings/a`, {
    ...head('ClusterRoleBinding', 'a'),
    roleRef: { kind: 'ClusterRole', name: 'x' },
    subjects: [null, 1, {}],
  });
  await put(`${group}/clusterrolebindings/b`, { ...head('ClusterRoleBinding', 'b'), roleRef: 'x', subjects: 'bob' });
  await put(`${group}/clusterroles/x`, { ...head('ClusterRole', 'x'), rules: [null, { apiGroups: [''] }, { verbs: 'get', resources: 1 }] });
  await server.create(plural('clusterroles'), clusterRole('fine', readsMaps));
  await server.create(plural('rolebindings'), binding('fine', 'ClusterRole', 'fine', [user('bob')]));
  assert.equal(server.core.rights.allows(bob, getMap('default')), true);
  assert.equal(server.core.rights.allows(bob, getMap('other')), false);
  await server.close();
});

it('a role that is the sum of others follows them', async () => {
  const server = await testCore();
  const part = (name: string, verb: string, sum = 'yes') => ({
    metadata: { name, labels: { sum } },
    rules: [{ verbs: [verb], apiGroups: [''], resources: ['configmaps'] }] as never,
  });
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { sum: 'yes' } }] };
  await server.create(plural('clusterroles'), part('a', 'get'));
  await server.create(plural('clusterroles'), { metadata: { name: 'sum' }, aggregationRule, rules: [] });
  const verbs = async () =>
    ((await server.get(plural('clusterroles'), 'sum')).rules as unknown as PolicyRule[]).map((rule) => rule.verbs[0]).join();
  const becomes = (wanted: string) => server.until(`the sum is ${wanted}`, async () => (await verbs()) === wanted);
  await becomes('get');
  await server.create(plural('clusterroles'), part('b', 'list'));
  await server.create(plural('clusterroles'), part('c', 'delete', 'no'));
  await becomes('get,list');
  await server.remove(plural('clusterroles'), 'a');
  await becomes('list');
  const wrong = { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] };
  assert.equal((await refusal(server.create(plural('clusterroles'), { metadata: { name: 'x' }, aggregationRule: wrong }))).code, 422);
  await server.close();
});

it('a role whose few words multiply to more than a server can hold is refused', async () => {
  const server = await testCore();
  const texts = (many: number, first: string) => Array.from({ length: many }, (_, at) => `${first}${at}`);
  const rules = (...sizes: [number, number, number]): PolicyRule[] => {
    const [verbs, apiGroups, resources] = sizes;
    return [{ verbs: texts(verbs, 'v'), apiGroups: texts(apiGroups, 'g'), resources: texts(resources, 'r') }];
  };
  const { code, message } = await refusal(server.create(plural('roles'), role('huge', rules(64, 1024, 1024))));
  assert.equal(code, 422);
  assert.match(message, /verbs × apiGroups × resources × resourceNames must come to 16384 at most/);
  await server.create(plural('roles'), role('large', rules(8, 2, 1024)));
  const names: PolicyRule[] = [{ verbs: ['get'], apiGroups: [''], resources: texts(32, 'r'), resourceNames: texts(1024, 'n') }];
  assert.equal((await refusal(server.create(plural('roles'), role('names', names)))).code, 422);
  await server.close();
});

it('of rules that are more than one role may say, those that are left out are said to be missing', async () => {
  const server = await testCore();
  const { rights } = server.core;
  const rules = Array.from({ length: 1000 }, (_, at): PolicyRule => ({ verbs: ['get'], apiGroups: ['g'], resources: [`r${at}`] }));
  await server.create(plural('roles'), role('many', rules));
  for (let at = 0; at < 100; at++) await server.create(plural('rolebindings'), binding(`b${at}`, 'Role', 'many', [user('bob')]));
  assert.deepEqual([rights.rulesOf(bob, 'default').rules.length, rights.rulesOf(bob, 'default').isWhole], [1000, true]);
  for (let at = 0; at < 20; at++) {
    await server.create(plural('roles'), role(`more${at}`, rules));
    await server.create(plural('rolebindings'), binding(`more${at}`, 'Role', `more${at}`, [user('bob')]));
  }
  assert.deepEqual([rights.rulesOf(bob, 'default').rules.length, rights.rulesOf(bob, 'default').isWhole], [16_000, false]);
  for (let at = 0; at < 99; at++) await server.remove(plural('rolebindings'), `default/b${at}`);
  const gets = { verb: 'get', group: 'g', resource: 'r1', subresource: '', namespace: 'default', name: '' };
  for (let at = 0; at < 20; at++) await server.remove(plural('rolebindings'), `default/more${at}`);
  await server.until('one binding still gives the role', async () => rights.rulesOf(bob, 'default').isWhole);
  assert.equal(rights.allows(bob, gets), true);
  await server.remove(plural('rolebindings'), 'default/b99');
  await server.until('none gives it any more', async () => !rights.allows(bob, gets));
  await server.close();
});

it('seeded roles come back to what they should be, unless they are to stay as they are', async () => {
  const server = await testCore();
  await server.patch(plural('clusterroles'), 'viewer', { body: { rules: [] } });
  const keep = { metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } }, rules: [] };
  await server.patch(plural('clusterroles'), 'user', { body: keep });
  await server.core.stop();
  const again = await testCore({ store: server.store });
  const rulesOf = async (name: string) => (await again.get(plural('clusterroles'), name)).rules as unknown[];
  assert.ok((await rulesOf('viewer')).length > 0);
  assert.equal((await rulesOf('user')).length, 0);
  await again.close();
});
