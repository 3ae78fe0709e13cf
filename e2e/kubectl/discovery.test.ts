import assert from 'node:assert/strict';
import { kubectl } from '../server/kubectl.ts';
import { onEachStore } from '../server/on-each-store.ts';
import { task } from './objects.ts';

const columns = (line: string): string[] => line.split(/\s{2,}/).map((cell) => cell.trim());

onEachStore('kubectl and discovery', (test) => {
  test('lists every kind with its short names, its scope and its verbs', async ({ kubectl }) => {
    const lines = (await kubectl(['api-resources', '-o', 'wide', '--no-headers'])).split('\n');
    const find = (text: string) => lines.find((line) => line.includes(text)) ?? `no line with ${text} in:\n${lines.join('\n')}`;
    const verbs = /create,.*delete,.*deletecollection,.*get,.*list,.*patch,.*update,.*watch/;
    assert.match(find('configmaps'), /^configmaps\s+cm\s+v1\s+true\s+ConfigMap\s/);
    assert.match(find('namespaces'), /^namespaces\s+ns\s+v1\s+false\s+Namespace\s/);
    assert.match(find('tasksets'), /^tasksets\s+ts\s+river.dev\/v1\s+true\s+TaskSet\s/);
    assert.match(find('customresourcedefinitions'), /crds?\s+apiextensions.k8s.io\/v1\s+false/);
    assert.match(find('priorityclasses'), /^priorityclasses\s+pc\s+scheduling.k8s.io\/v1\s+false\s+PriorityClass/);
    const taskVerbs = columns(find('tasks '))
      .find((cell) => cell.includes('create'))
      ?.split(',')
      .sort();
    assert.match(String(taskVerbs), verbs);
  });

  test('lists the kinds of one group, one scope, one category', async ({ kubectl }) => {
    const names = async (...args: string[]) => (await kubectl(['api-resources', '-o', 'name', ...args])).trim().split('\n').sort();
    assert.deepEqual(await names('--api-group=river.dev', '--namespaced=false'), [
      'nodes.river.dev',
      'queues.river.dev',
      'users.river.dev',
    ]);
    assert.ok((await names('--categories=river')).includes('tasks.river.dev'));
    assert.ok((await names('--verbs=list,watch')).includes('leases.coordination.k8s.io'));
  });

  test('lists the versions of every group', async ({ kubectl }) => {
    const versions = (await kubectl(['api-versions'])).trim().split('\n');
    const expected = [
      'admissionregistration.k8s.io/v1',
      'apiextensions.k8s.io/v1',
      'coordination.k8s.io/v1',
      'events.k8s.io/v1',
      'river.dev/v1',
      'scheduling.k8s.io/v1',
      'v1',
    ];
    for (const version of expected) assert.ok(versions.includes(version), `${version} is not in ${versions}`);
  });

  test('tells the version of the server', async ({ kubectl }) => {
    const { serverVersion } = JSON.parse(await kubectl(['version', '-o', 'json']));
    assert.match(serverVersion.gitVersion, /^v1\.\d+\.\d+/);
    assert.equal(serverVersion.major, '1');
  });

  test('explains a field and everything below it', async ({ kubectl }) => {
    const text = await kubectl(['explain', 'task.spec.resources', '--recursive']);
    assert.match(text, /KIND:\s+Task\nVERSION:\s+v1/);
    assert.match(text, /FIELD: resources <Object>/);
    assert.match(text, /cpu\t<\S+>/);
    assert.match(text, /gpus\t<Object>\n\s+count\t<integer>/);
  });

  test('explains required fields, enumerations and the built-in kinds', async ({ kubectl }) => {
    assert.match(await kubectl(['explain', 'tasks.spec']), /image\t<string>/);
    assert.match(await kubectl(['explain', 'task.spec.onDisconnect']), /ENUM:|enum:/i);
    assert.match(await kubectl(['explain', 'configmap']), /data\t<map\[string\]string>/);
    assert.match(await kubectl(['explain', 'crd.spec.versions']), /served\t<boolean> -required-/);
    assert.match(await kubectl(['explain', 'task.metadata.ownerReferences']), /blockOwnerDeletion/);
    assert.match(await kubectl(['explain', 'task.spec', '--output=plaintext-openapiv2']), /image\t<string>/);
    assert.match(await kubectl(['explain', 'tasks', '--api-version=river.dev/v1']), /DESCRIPTION:\n\s+\S/);
  });

  test('says what it cannot explain', async ({ tryKubectl }) => {
    const { code, stderr } = await tryKubectl(['explain', 'task.spec.nothing']);
    assert.equal(code, 1);
    assert.match(stderr, /field "nothing" does not exist/);
  });

  test('gets raw documents and objects', async ({ kubectl, namespace, tryKubectl }) => {
    assert.equal(await kubectl(['get', '--raw', '/healthz']), 'ok');
    assert.equal(await kubectl(['get', '--raw', '/readyz']), 'ok');
    assert.match(await kubectl(['get', '--raw', '/livez?verbose']), /\[\+\]ping ok/);
    const metrics = await kubectl(['get', '--raw', '/metrics']);
    for (const name of [
      'request_duration_seconds_count\\{.*verb="GET"',
      'watchers \\d',
      'revision [1-9]',
      'objects\\{resource="namespaces"\\}',
    ])
      assert.match(metrics, new RegExp(`^river_apiserver_${name}`, 'm'));
    assert.equal(JSON.parse(await kubectl(['get', '--raw', '/version'])).major, '1');
    assert.equal(JSON.parse(await kubectl(['get', '--raw', `/api/v1/namespaces/${namespace}`])).metadata.name, namespace);
    assert.equal(JSON.parse(await kubectl(['get', '--raw', '/openapi/v2'])).swagger, '2.0');
    const { code, stderr } = await tryKubectl(['get', '--raw', '/apis/no.such.group/v1']);
    assert.equal(code, 1);
    assert.match(stderr, /NotFound/);
  });

  test('creates, replaces and deletes raw', async ({ kubectl, namespace, file }) => {
    const address = `/api/v1/namespaces/${namespace}/configmaps`;
    const body = (x: string) =>
      file('raw.json', JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'raw' }, data: { x } }));
    await kubectl(['create', '--raw', address, '-f', body('1')]);
    const { data } = JSON.parse(await kubectl(['replace', '--raw', `${address}/raw`, '-f', body('2')]));
    assert.equal(data.x, '2');
    assert.equal(JSON.parse(await kubectl(['delete', '--raw', `${address}/raw`])).status, 'Success');
  });

  test('says that a kind is not served', async ({ tryKubectl }) => {
    const { code, stderr } = await tryKubectl(['get', 'pods']);
    assert.equal(code, 1);
    assert.match(stderr, /the server doesn't have a resource type "pods"/);
  });

  test('is told who may not come in', async ({ server }) => {
    const { code, stderr } = await kubectl(server, [
      'get',
      'ns',
      '--token=wrong',
      '--kubeconfig=/dev/null',
      `--server=${server.url}`,
      `--certificate-authority=${server.caFile}`,
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /You must be logged in to the server|Unauthorized/);
  });

  test('shows what belongs to the category of everything', async ({ kubectl, api, at }) => {
    await api.create(at('river.dev/v1/tasks'), task('one'));
    assert.equal(await kubectl(['get', 'all', '-o', 'name']), 'task.river.dev/one\n');
    assert.equal(await kubectl(['get', 'river', '-o', 'name']), 'task.river.dev/one\n');
  });
});
