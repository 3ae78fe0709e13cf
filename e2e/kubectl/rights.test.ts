import assert from 'node:assert/strict';
import { onEachStore, type Room } from '../server/on-each-store.ts';
import { configMap } from './objects.ts';

/** One user for each test: rights outside of namespaces would reach into the others. */
const as = ({ id }: Room) => ['--as', `user-${id}`];

onEachStore('kubectl and rights', (test) => {
  test('gives a role within a namespace, and nowhere else', async (room) => {
    const { kubectl, tryKubectl, id } = room;
    const before = await tryKubectl(['get', 'configmaps', ...as(room)]);
    assert.equal(before.code, 1);
    assert.match(before.stderr, new RegExp(`User "user-${id}" cannot list resource "configmaps" in API group "" in the namespace "${id}"`));
    await kubectl(['create', 'rolebinding', 'b', '--clusterrole=user', `--user=user-${id}`]);
    await kubectl(['create', 'configmap', 'mine', '--from-literal=a=b', ...as(room)]);
    assert.match(await kubectl(['get', 'configmaps', ...as(room)]), /^mine /m);
    const elsewhere = await tryKubectl(['get', 'configmaps', '-n', 'default', ...as(room)]);
    assert.match(elsewhere.stderr, /in the namespace "default"/);
    assert.match((await tryKubectl(['get', 'nodes', ...as(room)])).stderr, /at the cluster scope/);
  });

  test('answers can-i, --list, whoami and reconcile', async (room) => {
    const { kubectl, tryKubectl, id, file } = room;
    await kubectl(['create', 'role', 'r', '--verb=get,list', '--resource=configmaps', '--resource-name=one']);
    await kubectl(['create', 'rolebinding', 'b', '--role=r', `--user=user-${id}`]);
    assert.equal(await kubectl(['auth', 'can-i', 'get', 'configmap/one', ...as(room)]), 'yes\n');
    assert.match((await tryKubectl(['auth', 'can-i', 'get', 'configmap/two', ...as(room)])).stdout, /^no/);
    assert.match((await tryKubectl(['auth', 'can-i', 'list', 'configmaps', ...as(room)])).stdout, /^no/);
    assert.match(await kubectl(['auth', 'can-i', '--list', ...as(room)]), /configmaps +\[\] +\[one\] +\[get list\]/);
    assert.match(await kubectl(['auth', 'whoami', ...as(room)]), new RegExp(`Username +user-${id}\\nGroups +\\[system:authenticated\\]`));
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'rec', namespace: id } };
    const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }];
    const path = file('role.json', JSON.stringify({ ...role, rules }));
    assert.match(await kubectl(['auth', 'reconcile', '-f', path]), /reconciled/);
    assert.match(await kubectl(['get', 'role', 'rec', '-o', 'jsonpath={.rules[0].resources}']), /secrets/);
  });

  test('lets nobody raise his own rights', async (room) => {
    const { kubectl, tryKubectl, id } = room;
    await kubectl([
      'create',
      'role',
      'keeper',
      '--verb=*',
      '--resource=roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io',
    ]);
    await kubectl(['create', 'rolebinding', 'b', '--role=keeper', `--user=user-${id}`]);
    const more = await tryKubectl(['create', 'role', 'more', '--verb=get', '--resource=secrets', ...as(room)]);
    // `*` holds `escalate` and `bind` too, as in Kubernetes.
    assert.equal(more.code, 0, more.stderr);
    const verbs = '[{"op":"replace","path":"/rules/0/verbs","value":["create","update","patch","get","list"]}]';
    await kubectl(['patch', 'role', 'keeper', '--type=json', '-p', verbs]);
    const refused = await tryKubectl(['create', 'role', 'again', '--verb=get', '--resource=secrets', ...as(room)]);
    assert.match(refused.stderr, /attempting to grant RBAC permissions not currently held/);
    const grabbed = await tryKubectl(['create', 'rolebinding', 'grab', '--clusterrole=admin', `--user=user-${id}`, ...as(room)]);
    assert.match(grabbed.stderr, /attempting to grant RBAC permissions not currently held/);
  });

  test('an apply that would create needs the right to create', async (room) => {
    const { kubectl, tryKubectl, id, file } = room;
    await kubectl(['create', 'role', 'r', '--verb=get,patch', '--resource=configmaps']);
    await kubectl(['create', 'rolebinding', 'b', '--role=r', `--user=user-${id}`]);
    const path = file('map.json', JSON.stringify(configMap('new', { a: 'b' })));
    const refused = await tryKubectl(['apply', '--server-side', '-f', path, ...as(room)]);
    assert.match(refused.stderr, /cannot create resource "configmaps"/);
    await kubectl(['apply', '--server-side', '-f', path]);
    await kubectl(['apply', '--server-side', '--force-conflicts', '-f', path, ...as(room)]);
  });
});
