import assert from 'node:assert/strict';
import { eventually } from '../server/eventually.ts';
import { kubectl as runKubectl } from '../server/kubectl.ts';
import { onEachStore } from '../server/on-each-store.ts';
import { configMap, documents, json, task } from './objects.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

onEachStore('kubectl create and replace', (test) => {
  test('creates a config map from words and files', async ({ kubectl, api, at, file }) => {
    const text = file('text.txt', 'line\n');
    assert.equal(await kubectl(['create', 'configmap', 'c', '--from-literal=a=1', `--from-file=${text}`]), 'configmap/c created\n');
    assert.deepEqual((await api.read(at('configmaps/c'))).data, { a: '1', 'text.txt': 'line\n' });
    await kubectl(['create', 'configmap', 'env', `--from-env-file=${file('env', 'X=1\nY=two\n')}`]);
    assert.deepEqual((await api.read(at('configmaps/env'))).data, { X: '1', Y: 'two' });
  });

  test('creates secrets of every type', async ({ kubectl, api, at }) => {
    await kubectl(['create', 'secret', 'generic', 'g', '--from-literal=word=swordfish']);
    const generic = await api.read(at('secrets/g'));
    assert.deepEqual([generic.type, generic.data], ['Opaque', { word: base64('swordfish') }]);
    await kubectl(['create', 'secret', 'docker-registry', 'd', '--docker-server=r.example', '--docker-username=u', '--docker-password=p']);
    const docker = await api.read(at('secrets/d'));
    assert.equal(docker.type, 'kubernetes.io/dockerconfigjson');
    await api.create(at('secrets'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' } });
    const plain = await api.read(at('secrets/s'));
    assert.deepEqual([plain.data, plain.stringData], [{ a: base64('b') }, undefined]);
  });

  test('creates what lives in no namespace', async ({ kubectl, api, id, after }) => {
    assert.equal(await kubectl(['create', 'namespace', `${id}-n`]), `namespace/${id}-n created\n`);
    const namespace = await api.read(`/api/v1/namespaces/${id}-n`);
    assert.equal((namespace.status as { phase: string }).phase, 'Active');
    assert.equal(namespace.metadata.labels?.['kubernetes.io/metadata.name'], `${id}-n`);
    await kubectl(['create', 'priorityclass', `${id}-p`, '--value=1000', '--description=tests', '--preemption-policy=Never']);
    after(() => api.remove(`/apis/scheduling.k8s.io/v1/priorityclasses/${id}-p`));
    const priority = await api.read(`/apis/scheduling.k8s.io/v1/priorityclasses/${id}-p`);
    assert.deepEqual([priority.value, priority.preemptionPolicy, priority.description], [1000, 'Never', 'tests']);
  });

  test('creates a service account', async ({ kubectl, api, at }) => {
    await kubectl(['create', 'serviceaccount', 's']);
    assert.equal((await api.read(at('serviceaccounts/s'))).kind, 'ServiceAccount');
  });

  test('creates from a file, once, and under a generated name as often as asked', async ({ kubectl, tryKubectl, api, at }) => {
    assert.equal(await kubectl(['create', '-f', '-'], { input: json(task('t')) }), 'task.river.dev/t created\n');
    const again = await tryKubectl(['create', '-f', '-'], { input: json(task('t')) });
    assert.equal(again.code, 1);
    assert.match(again.stderr, /Error from server \(AlreadyExists\): .*tasks.river.dev "t" already exists/);
    const { name: _, ...metadata } = task('x').metadata;
    const input = json({ ...task('x'), metadata: { ...metadata, generateName: 'made-' } });
    const names = [
      await kubectl(['create', '-o', 'name', '-f', '-'], { input }),
      await kubectl(['create', '-o', 'name', '-f', '-'], { input }),
    ];
    for (const name of names) assert.match(name, /^task.river.dev\/made-[a-z0-9]{5}\n$/);
    assert.equal(new Set(names).size, 2);
    assert.equal(((await api.read(at('river.dev/v1/tasks'))) as unknown as { items: unknown[] }).items.length, 3);
  });

  test('tries a creation on the server and in the client', async ({ kubectl, tryKubectl, api, at }) => {
    const watch = api.watch(`${at('configmaps')}?watch=1`);
    await watch.opened;
    const made = JSON.parse(await kubectl(['create', 'configmap', 'dry', '--from-literal=a=1', '--dry-run=server', '-o', 'json']));
    assert.ok(made.metadata.uid && made.metadata.creationTimestamp);
    assert.match(await kubectl(['create', 'configmap', 'dry', '--dry-run=client', '-o', 'yaml']), /name: dry/);
    await api.create(at('configmaps'), configMap('wet'));
    const refused = await tryKubectl(['create', '--dry-run=server', '-f', '-'], { input: json(task('bad', { image: 5 })) });
    assert.match(refused.stderr, /spec\.image: Invalid value/);
    assert.equal((await tryKubectl(['create', 'configmap', 'wet', '--dry-run=server'])).code, 1);
    await watch.until('the one that was written', (events) => events.length > 0);
    watch.close();
    assert.deepEqual(watch.seen(), ['ADDED wet']);
    assert.equal((await api.get(at('configmaps/dry'))).status, 404);
  });

  test('replaces an object, and refuses when it has changed meanwhile', async ({ kubectl, tryKubectl, api, at }) => {
    const made = await api.create(at('river.dev/v1/tasks'), task('t', { priority: 1 }));
    assert.equal(
      await kubectl(['replace', '-f', '-'], { input: json({ ...made, spec: { ...(made.spec as object), priority: 2 } }) }),
      'task.river.dev/t replaced\n',
    );
    const { code, stderr } = await tryKubectl(['replace', '-f', '-'], {
      input: json({ ...made, spec: { ...(made.spec as object), priority: 3 } }),
    });
    assert.equal(code, 1);
    assert.match(stderr, /\(Conflict\).*the object has been modified; please apply your changes to the latest version/);
    const stored = await api.read(at('river.dev/v1/tasks/t'));
    assert.equal((stored.spec as { priority: number }).priority, 2);
    assert.equal(stored.metadata.uid, made.metadata.uid);
    assert.equal((await tryKubectl(['replace', '-f', '-'], { input: json(task('absent')) })).code, 1);
  });

  test('replaces by force: the old one goes, a new one comes', async ({ kubectl, api, at }) => {
    const made = await api.create(at('river.dev/v1/tasks'), task('t', { image: 'busybox' }));
    const watch = api.watch(`${at('river.dev/v1/tasks')}?watch=1&resourceVersion=${made.metadata.resourceVersion}`);
    const said = await kubectl(['replace', '--force', '-f', '-'], { input: json(task('t', { image: 'alpine' })) });
    assert.match(said, /task.river.dev "t" deleted/);
    assert.match(said, /task.river.dev\/t replaced/);
    const stored = await api.read(at('river.dev/v1/tasks/t'));
    assert.notEqual(stored.metadata.uid, made.metadata.uid);
    assert.equal((stored.spec as { image: string }).image, 'alpine');
    await watch.until('the end of one and the start of the other', (events) => events.length >= 2);
    watch.close();
    assert.deepEqual(watch.seen(), ['DELETED t', 'ADDED t']);
  });

  test('refuses names and values that Kubernetes refuses', async ({ tryKubectl }) => {
    const bad = await tryKubectl(['create', 'configmap', 'Not_A_Name']);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of/);
    const namespace = await tryKubectl(['create', 'namespace', 'dots.are.not.allowed']);
    assert.match(namespace.stderr, /metadata.name: Invalid value: "dots.are.not.allowed": a lowercase RFC 1123 label/);
    const nowhere = await tryKubectl(['create', '-f', '-', '-n', 'no-such-namespace'], { input: json(configMap('c')) });
    assert.match(nowhere.stderr, /namespaces "no-such-namespace" not found/);
  });

  test('keeps what was declared immutable', async ({ tryKubectl, api, at }) => {
    await api.create(at('configmaps'), { ...configMap('c', { a: '1' }), immutable: true });
    const { code, stderr } = await tryKubectl(['patch', 'configmap', 'c', '-p', json({ data: { a: '2' } })]);
    assert.equal(code, 1);
    assert.match(stderr, /data: Forbidden: field is immutable when `immutable` is set/);
  });
});

onEachStore('kubectl and policies', (test) => {
  test('refuses what a policy forbids, in its words, and lets pass what it does not', async ({
    kubectl,
    tryKubectl,
    api,
    id,
    namespace,
    after,
  }) => {
    const group = '/apis/admissionregistration.k8s.io/v1';
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: id },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          resourceRules: [{ apiGroups: ['river.dev'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['tasks'] }],
        },
        validations: [{ expression: "!object.spec.image.endsWith(':latest')", message: 'say which version' }],
      },
    };
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: id },
      spec: { policyName: id, validationActions: ['Deny'] },
    };
    await kubectl(['apply', '-f', '-'], { input: documents([policy, binding]) });
    after(() => api.remove(`${group}/validatingadmissionpolicies/${id}`));
    after(() => api.remove(`${group}/validatingadmissionpolicybindings/${id}`));
    const refused = await eventually(
      'the policy holds',
      () => tryKubectl(['create', '--dry-run=server', '-f', '-'], { input: json(task('t', { image: 'busybox:latest' })) }),
      ({ code }) => code === 1,
    );
    assert.match(refused.stderr, new RegExp(`ValidatingAdmissionPolicy '${id}' with binding '${id}' denied request: say which version`));
    await kubectl(['create', '-f', '-'], { input: json(task('t', { image: 'busybox:1' })) });
  });
});

onEachStore('kubectl and events', (test) => {
  const about = (object: { metadata: { namespace?: string; name: string; uid?: string } }) => ({
    apiVersion: 'river.dev/v1',
    kind: 'Task',
    name: object.metadata.name,
    namespace: object.metadata.namespace,
    uid: object.metadata.uid,
  });
  const coreEvent = (name: string, involvedObject: object, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name },
    involvedObject,
    reason: 'Started',
    message: 'it began',
    type: 'Normal',
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:05Z',
    count: 3,
    source: { component: 'tests' },
    ...more,
  });

  test('shows in the other group what was written in one', async ({ api, at }) => {
    const owner = await api.create(at('river.dev/v1/tasks'), task('t'));
    await api.create(at('events'), coreEvent('core', about(owner)));
    await api.create(at('events.k8s.io/v1/events'), {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'new' },
      regarding: about(owner),
      reason: 'Stopped',
      note: 'it ended',
      type: 'Warning',
      action: 'Stop',
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'river.dev/tests',
      reportingInstance: 'one',
    });
    const seenAsNew = await api.read(at('events.k8s.io/v1/events/core'));
    assert.deepEqual([seenAsNew.apiVersion, seenAsNew.note, seenAsNew.deprecatedCount], ['events.k8s.io/v1', 'it began', 3]);
    assert.deepEqual(seenAsNew.regarding, about(owner));
    assert.equal(seenAsNew.message, undefined);
    const seenAsCore = await api.read(at('events/new'));
    assert.deepEqual([seenAsCore.apiVersion, seenAsCore.message, seenAsCore.reportingComponent], ['v1', 'it ended', 'river.dev/tests']);
    assert.deepEqual(seenAsCore.involvedObject, about(owner));
    assert.equal(seenAsCore.note, undefined);
  });

  test('follows in one group what happens in the other', async ({ api, at }) => {
    const watch = api.watch(`${at('events.k8s.io/v1/events')}?watch=1`);
    await watch.opened;
    await api.create(at('events'), coreEvent('e', { kind: 'Task', name: 't' }));
    await api.merge(at('events/e'), { count: 4 });
    await api.remove(at('events/e'));
    const [added, modified] = await watch.until('three events', (events) => events.length >= 3);
    watch.close();
    assert.deepEqual(watch.seen(), ['ADDED e', 'MODIFIED e', 'DELETED e']);
    assert.equal(added?.object.apiVersion, 'events.k8s.io/v1');
    assert.equal(modified?.object.deprecatedCount, 4);
  });

  test('gets events as a table, by field, by type, and of one object', async ({ kubectl, api, at }) => {
    const [one, other] = [
      await api.create(at('river.dev/v1/tasks'), task('one')),
      await api.create(at('river.dev/v1/tasks'), task('other')),
    ];
    await api.create(at('events'), coreEvent('e1', about(one)));
    await api.create(at('events'), coreEvent('e2', about(other), { type: 'Warning', reason: 'Failed', message: 'it broke' }));
    const table = await kubectl(['get', 'events']);
    assert.match(table, /^LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+MESSAGE/);
    assert.match(table, /Normal\s+Started\s+task\/one\s+it began/);
    assert.match(
      await kubectl(['get', 'events', '--field-selector', 'type=Warning', '--no-headers']),
      /^\S+\s+Warning\s+Failed\s+task\/other/,
    );
    const named = await kubectl(['get', 'events', '--field-selector', 'involvedObject.name=one,involvedObject.kind=Task', '-o', 'name']);
    assert.equal(named, 'event/e1\n');
    assert.match(await kubectl(['get', 'events.events.k8s.io']), /task\/other/);
    assert.match(await kubectl(['get', 'events', '--sort-by=.lastTimestamp']), /it broke/);
    const events = await kubectl(['events', '--for', 'task/one']);
    assert.match(events, /it began/);
    assert.ok(!events.includes('it broke'));
    assert.match(await kubectl(['events', '--types=Warning']), /it broke/);
  });
});

onEachStore('kubectl and who one is', (test) => {
  test('does not answer those who do not say who they are', async ({ server, api }) => {
    const nobody = ['--kubeconfig=/dev/null', `--server=${server.url}`, `--certificate-authority=${server.caFile}`];
    const { code, stderr } = await runKubectl(server, [...nobody, '--token=wrong', 'get', '--raw', '/api']);
    assert.equal(code, 1);
    assert.match(stderr, /Unauthorized|must be logged in/);
    const anonymous = await api.get('/api', { token: null });
    assert.deepEqual([anonymous.status, anonymous.json.reason, anonymous.json.kind], [401, 'Unauthorized', 'Status']);
  });
});
