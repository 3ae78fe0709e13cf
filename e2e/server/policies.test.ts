import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Api, apiOf, mergeType } from './http.ts';
import { type RunningServer, startServer } from './start-server.ts';

const river = '/apis/river.dev/v1';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const at = (plural: string, name = '', namespace = 'default') => `${river}/namespaces/${namespace}/${plural}${name && `/${name}`}`;
const leases = '/apis/coordination.k8s.io/v1/namespaces/river-nodes/leases';
const head = (kind: string, name: string) => ({ apiVersion: 'river.dev/v1', kind, metadata: { name } });
const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { password: 'x' } });

const placement = (name: string, spec: object = {}) => ({
  ...head('Placement', name),
  spec: { owner: { kind: 'Task', name: 'x', uid: 'u' }, attempt: 1, image: 'busybox', ...spec },
});
const task = (name: string, spec: object = {}) => ({ ...head('Task', name), spec: { image: 'busybox', ...spec } });

describe('with the policies that up loads', () => {
  let server: RunningServer;
  let api: Api;
  const as = (token: string, method: string, path: string, body?: unknown, type?: string): Promise<Answer> =>
    api.call(method, path, { token, ...(body !== undefined && { body }), ...(type && { type }) });
  const codes = async (...calls: Promise<Answer>[]) => (await Promise.all(calls)).map(({ status }) => status);
  const denied = async (answer: Promise<Answer>, why: RegExp) => {
    const { status, json } = await answer;
    assert.equal(status, 403, JSON.stringify(json));
    assert.match(json.message, why);
  };
  /** Made, and then bound as the scheduler does it. */
  const bound = async (name: string, nodeName: string, spec: object = {}) => {
    await api.create(at('placements'), placement(name, spec));
    const binding = { spec: { nodeName, epoch: 1, cpuset: '0-1' } };
    assert.equal((await as('scheduler', 'PATCH', at('placements', name), binding, mergeType)).status, 200);
  };
  before(async () => {
    const node = (name: string) => [`node-${name}`, { user: `system:node:${name}`, groups: ['system:nodes'] }] as const;
    server = await startServer({
      store: 'sqlite',
      hasPolicies: true,
      users: {
        ...Object.fromEntries([node('a'), node('b')]),
        agent: { user: 'system:serviceaccount:river-node-c:agent', groups: ['system:serviceaccounts'] },
        scheduler: { user: 'system:river-scheduler', groups: [] },
        op: { groups: [] },
        pat: { groups: [] },
        eve: { groups: [] },
      },
    });
    api = apiOf(server);
    const all = { verbs: ['*'], apiGroups: ['river.dev'], resources: ['*'] };
    await api.create(`${rbac}/clusterroles`, { metadata: { name: 'river' }, rules: [all] });
    for (const user of ['system:river-scheduler', 'op', 'system:serviceaccount:river-node-c:agent'])
      await api.create(`${rbac}/clusterrolebindings`, {
        metadata: { name: user.replaceAll(':', '-') },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'river' },
        subjects: [{ kind: 'User', name: user }],
      });
  });
  after(async () => {
    api?.close();
    await server?.stop();
  });

  describe('a Placement', () => {
    it('is bound by the scheduler only, whatever rights others have', async () => {
      await denied(
        api.call('POST', at('placements'), { body: placement('p1', { nodeName: 'a', epoch: 1 }) }),
        /only the scheduler gives them/,
      );
      await denied(
        api.call('POST', at('placements'), { body: placement('p1', { gpus: [{ index: 0 }] }) }),
        /only the scheduler gives them/,
      );
      await api.create(at('placements'), placement('p1'));
      const binding = { spec: { nodeName: 'a', epoch: 1, gpus: [{ index: 0 }] } };
      for (const token of ['op', server.token])
        await denied(as(token, 'PATCH', at('placements', 'p1'), binding, mergeType), /only the scheduler changes where/);
      assert.equal((await as('scheduler', 'PATCH', at('placements', 'p1'), binding, mergeType)).status, 200);
      await denied(as('op', 'PATCH', at('placements', 'p1'), { spec: { epoch: 2 } }, mergeType), /only the scheduler changes where/);
      assert.equal((await as('op', 'PATCH', at('placements', 'p1'), { spec: { power: 'Stopped' } }, mergeType)).status, 200);
    });

    it('is reported on by its node only', async () => {
      await bound('p2', 'a');
      const report = { status: { phase: 'Running' } };
      const path = `${at('placements', 'p2')}/status`;
      assert.equal((await as('node-a', 'PATCH', path, report, mergeType)).status, 200);
      const other = { status: { phase: 'Failed' } };
      for (const token of ['node-b', 'op', server.token]) assert.equal((await as(token, 'PATCH', path, other, mergeType)).status, 403);
      assert.equal((await as('node-a', 'PATCH', at('placements', 'p2'), { spec: { power: 'Stopped' } }, mergeType)).status, 403);
    });
  });

  describe('a node', () => {
    it('sees the Placements that are bound to it, and no others', async () => {
      await bound('on-a', 'a');
      await bound('on-b', 'b');
      assert.deepEqual(
        await codes(as('node-a', 'GET', at('placements', 'on-a')), as('node-a', 'GET', at('placements', 'on-b'))),
        [200, 403],
      );
      assert.deepEqual(await codes(as('node-a', 'GET', at('placements')), as('node-a', 'GET', `${river}/placements`)), [403, 403]);
      const selected = (node: string) => `${river}/placements?fieldSelector=spec.nodeName%3D${node}`;
      const own = await as('node-a', 'GET', selected('a'));
      assert.equal(own.status, 200);
      assert.ok(own.json.items.length > 0);
      assert.ok(own.json.items.every(({ spec }: { spec: { nodeName: string } }) => spec.nodeName === 'a'));
      assert.equal((await as('node-a', 'GET', selected('b'))).status, 403);
      assert.equal((await as('node-a', 'GET', `${river}/placements?fieldSelector=spec.nodeName%21%3Db`)).status, 403);
      assert.equal((await as('node-a', 'DELETE', selected('a'))).status, 403);
      const watching = api.watch(`${selected('a')}&watch=1`, { token: 'node-a' });
      await watching.until('its own are there', () => watching.seen().includes('ADDED on-a'));
      await bound('later-b', 'b');
      await bound('later-a', 'a');
      await watching.until('the new one is there', () => watching.seen().includes('ADDED later-a'));
      assert.ok(!watching.seen().some((event) => /-b$/.test(event)), String(watching.seen()));
      watching.close();
    });

    it('reads the Secrets that its Placements name, for as long as they do', async () => {
      const secrets = '/api/v1/namespaces/default/secrets';
      for (const name of ['env', 'mounted', 'pull', 'other']) await api.create(secrets, secret(name));
      const read = (token: string, name: string) => as(token, 'GET', `${secrets}/${name}`);
      assert.deepEqual(await codes(...['env', 'mounted', 'pull', 'other'].map((name) => read('node-a', name))), [403, 403, 403, 403]);
      await bound('with-secrets', 'a', {
        env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'env', key: 'password' } } }],
        mounts: [{ mountPath: '/s', secret: { name: 'mounted' } }],
        imagePullSecrets: [{ name: 'pull' }],
      });
      assert.deepEqual(await codes(...['env', 'mounted', 'pull', 'other'].map((name) => read('node-a', name))), [200, 200, 200, 403]);
      assert.deepEqual(
        await codes(read('node-b', 'env'), as('node-a', 'GET', secrets), as('node-a', 'DELETE', `${secrets}/env`)),
        [403, 403, 403],
      );
      const watching = api.watch(`${secrets}?watch=1&fieldSelector=metadata.name%3Denv`, { token: 'node-a' });
      assert.equal(await watching.opened, 200);
      await watching.until('it has begun', (events) => events.length > 0);
      const startMs = performance.now();
      await api.remove(at('placements', 'with-secrets'));
      await watching.ended;
      assert.ok(performance.now() - startMs < 2_000);
      assert.equal((await read('node-a', 'env')).status, 403);
    });

    it('makes and reports its own Node, bare, and changes nothing else of it', async () => {
      const nodes = `${river}/nodes`;
      await denied(as('node-a', 'POST', nodes, head('Node', 'b')), /only its own Node/);
      const labelled = { ...head('Node', 'a'), metadata: { name: 'a', labels: { trusted: 'yes' } } };
      await denied(as('node-a', 'POST', nodes, labelled), /bare/);
      await denied(as('node-a', 'POST', nodes, { ...head('Node', 'a'), spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } }), /bare/);
      assert.equal((await as('node-a', 'POST', nodes, head('Node', 'a'))).status, 201);
      await api.create(nodes, head('Node', 'b'));
      const status = { status: { capacity: { cpu: '4' } } };
      assert.equal((await as('node-a', 'PATCH', `${nodes}/a/status`, status, mergeType)).status, 200);
      assert.equal((await as('node-a', 'PATCH', `${nodes}/b/status`, status, mergeType)).status, 403);
      for (const change of [{ metadata: { labels: { trusted: 'yes' } } }, { spec: { unschedulable: true } }])
        assert.equal((await as('node-a', 'PATCH', `${nodes}/a`, change, mergeType)).status, 403);
      const sneaky = { metadata: { labels: { trusted: 'yes' } }, spec: { unschedulable: true }, ...status };
      const after = await as('node-a', 'PATCH', `${nodes}/a/status`, sneaky, mergeType);
      assert.ok(after.status === 403 || after.json.metadata.labels?.trusted === undefined, after.text);
      assert.equal((await api.get(`${nodes}/a`)).json.spec.unschedulable, false);
      assert.deepEqual(
        await codes(as('node-a', 'GET', `${nodes}/a`), as('node-a', 'GET', `${nodes}/b`), as('node-a', 'GET', nodes)),
        [200, 403, 403],
      );
      assert.equal((await as('node-a', 'DELETE', `${nodes}/a`)).status, 403);
    });

    it('renews its own Lease only', async () => {
      const lease = (name: string) => ({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name },
        spec: { holderIdentity: name, leaseDurationSeconds: 20 },
      });
      assert.deepEqual(await codes(as('node-a', 'POST', leases, lease('a')), as('node-a', 'POST', leases, lease('b'))), [201, 403]);
      assert.equal((await api.call('POST', leases, { body: lease('b') })).status, 201);
      const renewed = { spec: { leaseDurationSeconds: 21 } };
      assert.equal((await as('node-a', 'PATCH', `${leases}/a`, renewed, mergeType)).status, 200);
      assert.equal((await as('node-a', 'PATCH', `${leases}/b`, renewed, mergeType)).status, 403);
      const elsewhere = leases.replace('river-nodes', 'river-system');
      assert.equal((await as('node-a', 'POST', elsewhere, lease('a'))).status, 403);
    });

    it('tells of what it does where it does something', async () => {
      const event = (namespace: string) => ({
        metadata: { generateName: 'e', namespace },
        involvedObject: { kind: 'Placement', name: 'x', namespace },
        reason: 'Pulled',
      });
      await api.create('/api/v1/namespaces', { metadata: { name: 'quiet' } });
      await bound('for-events', 'a');
      const tell = (token: string, namespace: string) => as(token, 'POST', `/api/v1/namespaces/${namespace}/events`, event(namespace));
      assert.deepEqual(await codes(tell('node-a', 'default'), tell('node-a', 'quiet')), [201, 403]);
    });
  });

  it('a node that is an account, as on Kubernetes, is held to its own objects, too, whatever its role allows', async () => {
    const nodes = `${river}/nodes`;
    await api.create(nodes, head('Node', 'c'));
    await bound('on-c', 'c');
    await bound('not-on-c', 'b');
    const status = { status: { capacity: { cpu: '4' } } };
    const report = { status: { phase: 'Running' } };
    assert.equal((await as('agent', 'PATCH', `${nodes}/c/status`, status, mergeType)).status, 200);
    await denied(as('agent', 'PATCH', `${nodes}/b/status`, { status: { capacity: { cpu: '9' } } }, mergeType), /only its own Node/);
    await denied(as('agent', 'PATCH', `${nodes}/c`, { metadata: { labels: { trusted: 'yes' } } }, mergeType), /only the status/);
    assert.equal((await as('agent', 'PATCH', `${at('placements', 'on-c')}/status`, report, mergeType)).status, 200);
    await denied(as('agent', 'PATCH', `${at('placements', 'not-on-c')}/status`, report, mergeType), /written by the node/);
  });

  it('an Approval is given in one’s own name', async () => {
    const spec = { taskName: 't', taskUid: 'u', specDigest: 'd', decision: 'Approved' };
    const approve = (approver: string) =>
      as('op', 'POST', at('approvals'), { ...head('Approval', `by-${approver}`), spec: { ...spec, approver } });
    await denied(approve('admin'), /spec\.approver must be op/);
    assert.equal((await approve('op')).status, 201);
  });

  it('powers over a node need a label of the namespace', async () => {
    const powers: [string, object, string][] = [
      ['privileged', { privileged: true }, 'allow-privileged'],
      ['host-path', { mounts: [{ mountPath: '/x', hostPath: { path: '/etc' } }] }, 'allow-host-paths'],
      ['host-network', { network: { mode: 'Host' } }, 'allow-host-network'],
    ];
    for (const [name, spec, label] of powers) {
      const namespace = `ns-${name}`;
      await api.create('/api/v1/namespaces', { metadata: { name: namespace } });
      const set = { ...head('TaskSet', name), spec: { count: 2, template: { spec: { image: 'busybox', ...spec } } } };
      await denied(as('op', 'POST', at('tasks', '', namespace), task(name, spec)), new RegExp(`river.dev/${label}=true`));
      await denied(as('op', 'POST', at('tasksets', '', namespace), set), new RegExp(`river.dev/${label}=true`));
      assert.equal(
        (await as('op', 'PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { labels: { x: 'y' } } }, mergeType)).status,
        403,
      );
      await api.merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { [`river.dev/${label}`]: 'true' } } });
      assert.equal((await as('op', 'POST', at('tasks', '', namespace), task(name, spec))).status, 201);
      assert.equal((await as('op', 'POST', at('tasksets', '', namespace), set)).status, 201);
      await api.merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { [`river.dev/${label}`]: null } } });
      const goesOn = { metadata: { labels: { a: 'b' } } };
      assert.equal((await as('op', 'PATCH', at('tasks', name, namespace), goesOn, mergeType)).status, 200);
    }
    assert.equal((await as('op', 'POST', at('tasks'), task('plain', { mounts: [{ mountPath: '/x', scratch: {} }] }))).status, 201);
  });

  it('a folder of the shared storage is no way out of it', async () => {
    const mounted = (path: string) => as('op', 'POST', at('tasks'), task('m', { mounts: [{ mountPath: '/x', shared: { path } }] }));
    for (const path of ['..', '../etc', 'a/..', 'a/../../etc', '/..', 'a//..', './..']) {
      const { status, json } = await mounted(path);
      assert.equal(status, 422, path);
      assert.match(json.message, /shared\.path/);
    }
    for (const path of ['', 'a', 'a/b.c/', '/a', './a', '..a/b..', '.../.a', 'a/./b']) {
      assert.equal((await mounted(path)).status, 201, path);
      await api.remove(at('tasks', 'm'));
    }
  });

  it('what a Task runs never changes, also where the definition has lost its rules', async () => {
    await api.create(at('tasks'), task('fixed'));
    const change = () => as('op', 'PATCH', at('tasks', 'fixed'), { spec: { image: 'other' } }, mergeType);
    assert.match((await change()).json.message, /what is run is fixed/);
    const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tasks.river.dev';
    const whole = await api.read(definition);
    const bare = (key: string, value: unknown) => (key === 'x-kubernetes-validations' ? undefined : value);
    await api.replace(definition, JSON.parse(JSON.stringify(whole, bare)));
    const refused = await change();
    assert.equal(refused.status, 422);
    assert.match(refused.json.message, /river-task-fixed.*what is run never changes/);
    assert.equal((await as('op', 'PATCH', at('tasks', 'fixed'), { spec: { priority: 3 } }, mergeType)).status, 200);
    await server.restart();
    assert.deepEqual((await api.read(definition)).spec, whole.spec);
  });

  it('a User is put into groups, and given keys, only by who may act as them', async () => {
    const users = `${river}/users`;
    const sshKeys = [{ name: 'k', publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqPOUcd4d4Pu4uyZ0zOEsmvsKcXaRw7sLDOuY2TObYr' }];
    assert.equal((await as('op', 'POST', users, head('User', 'pat'))).status, 201);
    const patch = (token: string, spec: object) => as(token, 'PATCH', `${users}/pat`, { spec }, mergeType);
    await denied(patch('op', { groups: ['admins'] }), /only by who may impersonate it/);
    await denied(patch('op', { sshKeys }), /written by the person/);
    await denied(patch('op', { disabled: true }), /shut out/);
    await denied(as('op', 'POST', users, { ...head('User', 'new'), spec: { groups: ['admins'] } }), /impersonate/);
    assert.equal((await patch(server.token, { groups: ['a', 'b', 'c', 'd', 'e'], sshKeys })).status, 200);
    assert.equal((await patch(server.token, { groups: ['system:masters'] })).status, 422);
    assert.equal((await patch('op', { displayName: 'Pat' })).status, 200);
    const own = { verbs: ['get', 'patch'], apiGroups: ['river.dev'], resources: ['users'], resourceNames: ['pat'] };
    await api.create(`${rbac}/clusterroles`, { metadata: { name: 'pat' }, rules: [own] });
    await api.create(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'pat' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'pat' },
      subjects: [{ kind: 'User', name: 'pat' }],
    });
    assert.equal((await patch('pat', { sshKeys: [] })).status, 200);
    await denied(patch('pat', { groups: ['a', 'b', 'c', 'd', 'e', 'admins'] }), /impersonate/);
    assert.equal((await patch(server.token, { disabled: true })).status, 200);
    assert.equal((await as('pat', 'GET', `${users}/pat`)).status, 401);
  });

  it('a User who is shut out is not let in again by the end of the record', async () => {
    const users = `${river}/users`;
    const owner = (await as('op', 'POST', users, head('User', 'owner'))).json;
    const ownerReferences = [{ apiVersion: 'river.dev/v1', kind: 'User', name: 'owner', uid: owner.metadata.uid }];
    await denied(as('op', 'POST', users, { ...head('User', 'eve'), metadata: { name: 'eve', ownerReferences } }), /goes with its owner/);
    await api.create(users, { ...head('User', 'eve'), spec: { disabled: true } });
    assert.equal((await as('eve', 'GET', '/version')).status, 401);
    await denied(as('op', 'DELETE', `${users}/eve`), /let in again/);
    await denied(as('op', 'DELETE', `${users}?fieldSelector=metadata.name%3Deve`), /let in again/);
    await denied(as('op', 'PATCH', `${users}/eve`, { metadata: { ownerReferences } }, mergeType), /goes with its owner/);
    assert.equal((await as('eve', 'GET', '/version')).status, 401);
    assert.equal((await as('op', 'DELETE', `${users}/owner`)).status, 200);
    await api.remove(`${users}/eve`);
    assert.equal((await as('eve', 'GET', '/version')).status, 200);
  });

  it('policies come back to what is shipped, unless they are to stay', async () => {
    const path = (name: string) => `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/river-${name}`;
    const spec = { validationActions: ['Audit'] };
    await api.merge(path('approval-author'), { spec });
    await api.merge(path('task-fixed'), { spec, metadata: { annotations: { 'river.dev/autoupdate': 'false' } } });
    await server.restart();
    const actions = async (name: string) => (await api.get(path(name))).json.spec.validationActions;
    assert.deepEqual(await actions('approval-author'), ['Deny']);
    assert.deepEqual(await actions('task-fixed'), ['Audit']);
  });
});
