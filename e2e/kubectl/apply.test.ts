import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { onEachStore } from '../server/on-each-store.ts';
import { configMap, documents, json, task, taskSet } from './objects.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

onEachStore('kubectl apply', (test) => {
  test('applies from the client: creates, leaves alone, changes, and removes what is no longer said', async ({ kubectl, api, at }) => {
    const apply = (object: unknown) => kubectl(['apply', '-f', '-'], { input: json(object) });
    const watch = api.watch(`${at('configmaps')}?watch=1&resourceVersion=0&fieldSelector=metadata.name%3Dc`);
    assert.equal(await apply(configMap('c', { a: '1', b: '2' })), 'configmap/c created\n');
    const made = await api.read(at('configmaps/c'));
    assert.ok(made.metadata.annotations?.[lastApplied]?.includes('"a":"1"'));
    await api.merge(at('configmaps/c'), { data: { other: 'kept' } });
    const before = await api.read(at('configmaps/c'));
    assert.equal(await apply(configMap('c', { a: '1', b: '2' })), 'configmap/c unchanged\n');
    assert.equal((await api.read(at('configmaps/c'))).metadata.resourceVersion, before.metadata.resourceVersion);
    assert.equal(await apply(configMap('c', { a: '3' })), 'configmap/c configured\n');
    assert.deepEqual((await api.read(at('configmaps/c'))).data, { a: '3', other: 'kept' });
    const seen = await watch.until('three writes', (events) => events.length >= 3);
    watch.close();
    assert.deepEqual(watch.seen(), ['ADDED c', 'MODIFIED c', 'MODIFIED c']);
    assert.deepEqual(seen.at(-1)?.object.data, { a: '3', other: 'kept' });
  });

  test('applies River\u2019s own kinds, many in one file', async ({ kubectl, api, at, file }) => {
    const text = documents([task('one'), taskSet('many'), configMap('c')]);
    const path = file('all.yaml', text);
    const said = await kubectl(['apply', '-f', path]);
    assert.deepEqual(said.trim().split('\n'), ['task.river.dev/one created', 'taskset.river.dev/many created', 'configmap/c created']);
    assert.equal((await api.read(at('river.dev/v1/tasks/one'))).metadata.generation, 1);
    await kubectl(['apply', '-f', path]);
    assert.equal((await api.read(at('river.dev/v1/tasks/one'))).metadata.generation, 1);
    assert.equal(JSON.parse(await kubectl(['apply', 'view-last-applied', 'task', 'one', '-o', 'json'])).spec.image, 'busybox');
  });

  test('applies on the server and owns what it said', async ({ kubectl, api, at }) => {
    const apply = (object: unknown, ...args: string[]) => kubectl(['apply', '--server-side', '-f', '-', ...args], { input: json(object) });
    assert.equal(await apply(configMap('c', { a: '1', b: '2' })), 'configmap/c serverside-applied\n');
    const made = await api.read(at('configmaps/c'));
    assert.equal(made.metadata.annotations, undefined);
    const [owned] = made.metadata.managedFields ?? [];
    assert.equal(owned?.manager, 'kubectl');
    assert.equal(owned?.operation, 'Apply');
    assert.deepEqual(owned?.fieldsV1, { 'f:data': { 'f:a': {}, 'f:b': {} } });
    await apply(configMap('c', { a: '1', b: '2' }));
    assert.equal((await api.read(at('configmaps/c'))).metadata.resourceVersion, made.metadata.resourceVersion);
    await apply(configMap('c', { b: '2' }));
    assert.deepEqual((await api.read(at('configmaps/c'))).data, { b: '2' });
  });

  test('tells who owns what it wants to change, and takes it when forced', async ({ kubectl, tryKubectl, api, at }) => {
    const input = (priority: number) => json(task('t', { priority, suspend: true }));
    await kubectl(['apply', '--server-side', '--field-manager=first', '-f', '-'], { input: input(1) });
    const args = ['apply', '--server-side', '--field-manager=second', '-f', '-'];
    const { code, stderr } = await tryKubectl(args, { input: input(2) });
    assert.equal(code, 1);
    assert.match(stderr, /Apply failed with 1 conflict: conflict with "first": \.spec\.priority/);
    const priority = async () => ((await api.read(at('river.dev/v1/tasks/t'))).spec as { priority: number }).priority;
    assert.equal(await priority(), 1);
    await kubectl([...args, '--force-conflicts'], { input: input(2) });
    const forced = await api.read(at('river.dev/v1/tasks/t'));
    assert.equal(await priority(), 2);
    const managers = forced.metadata.managedFields?.map(({ manager }) => manager).sort();
    assert.deepEqual(managers, ['first', 'second']);
    const first = forced.metadata.managedFields?.find(({ manager }) => manager === 'first');
    assert.ok(!json(first?.fieldsV1).includes('f:priority'));
    assert.ok(json(first?.fieldsV1).includes('f:suspend'));
  });

  test('lets two owners share what they agree on, and keeps what one of them still wants', async ({ kubectl, api, at }) => {
    const apply = (manager: string, data: Record<string, string>) =>
      kubectl(['apply', '--server-side', `--field-manager=${manager}`, '-f', '-'], { input: json(configMap('c', data)) });
    await apply('a', { x: '1', mine: 'a' });
    await apply('b', { x: '1', yours: 'b' });
    await apply('a', { mine: 'a' });
    assert.deepEqual((await api.read(at('configmaps/c'))).data, { x: '1', mine: 'a', yours: 'b' });
    await apply('b', { yours: 'b' });
    assert.deepEqual((await api.read(at('configmaps/c'))).data, { mine: 'a', yours: 'b' });
  });

  test('takes over from client-side apply without a conflict', async ({ kubectl, api, at }) => {
    await kubectl(['apply', '-f', '-'], { input: json(configMap('c', { a: '1', b: '2' })) });
    await kubectl(['apply', '--server-side', '-f', '-'], { input: json(configMap('c', { a: '2' })) });
    const moved = await api.read(at('configmaps/c'));
    assert.deepEqual(moved.data, { a: '2' });
    const managers = moved.metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
    assert.ok(managers?.includes('kubectl Apply'), String(managers));
    assert.ok(!managers?.includes('kubectl-client-side-apply Update'), String(managers));
  });

  test('goes back to client-side apply', async ({ kubectl, api, at }) => {
    await kubectl(['apply', '--server-side', '-f', '-'], { input: json(task('t', { priority: 1 })) });
    await kubectl(['apply', '-f', '-'], { input: json(task('t', { priority: 2 })) });
    assert.equal(((await api.read(at('river.dev/v1/tasks/t'))).spec as { priority: number }).priority, 2);
  });

  test('shows the difference that an apply would make, and writes nothing', async ({ kubectl, tryKubectl, api, at }) => {
    await kubectl(['apply', '-f', '-'], { input: json(task('t', { priority: 1 })) });
    const before = await api.read(at('river.dev/v1/tasks/t'));
    const same = await tryKubectl(['diff', '-f', '-'], { input: json(task('t', { priority: 1 })) });
    assert.deepEqual([same.code, same.stdout], [0, ''], same.stderr);
    for (const extra of [[], ['--server-side']]) {
      const { code, stdout, stderr } = await tryKubectl(['diff', ...extra, '-f', '-'], { input: json(task('t', { priority: 7 })) });
      assert.equal(code, 1, stderr);
      assert.match(stdout, /^-\s+priority: 1$/m);
      assert.match(stdout, /^\+\s+priority: 7$/m);
    }
    const fresh = await tryKubectl(['diff', '-f', '-'], { input: json(task('absent')) });
    assert.equal(fresh.code, 1, fresh.stderr);
    assert.match(fresh.stdout, /^\+\s+name: absent$/m);
    assert.deepEqual(await api.read(at('river.dev/v1/tasks/t')), before);
  });

  test('tries an apply on the server without writing', async ({ kubectl, api, at }) => {
    for (const extra of [[], ['--server-side']]) {
      const said = await kubectl(['apply', ...extra, '--dry-run=server', '-o', 'json', '-f', '-'], { input: json(task('never')) });
      const object = JSON.parse(said);
      assert.ok(object.metadata.uid);
      assert.equal(object.spec.onDisconnect !== undefined, true);
    }
    assert.equal((await api.get(at('river.dev/v1/tasks/never'))).status, 404);
    const { code } = await api
      .call('PATCH', `${at('river.dev/v1/tasks/never')}?dryRun=All&fieldManager=x`, {
        body: task('never'),
        type: 'application/apply-patch+yaml',
      })
      .then(({ status }) => ({ code: status }));
    assert.equal(code, 201);
  });

  test('refuses a field that the kind does not have, unless told to let it pass', async ({ tryKubectl, kubectl, api, at }) => {
    const input = json(task('t', { imgae: 'typo' }));
    for (const extra of [[], ['--server-side']]) {
      const { code, stderr } = await tryKubectl(['apply', ...extra, '-f', '-'], { input });
      assert.equal(code, 1);
      assert.match(stderr, /strict decoding error: unknown field "spec.imgae"|unknown field "spec.imgae"|field not declared in schema/);
    }
    const warned = await tryKubectl(['apply', '--validate=warn', '-f', '-'], { input });
    assert.equal(warned.code, 0, warned.stderr);
    assert.match(warned.stderr, /Warning: unknown field "spec.imgae"/);
    await kubectl(['apply', '--validate=ignore', '-f', '-'], { input });
    assert.ok(!json((await api.read(at('river.dev/v1/tasks/t'))).spec).includes('typo'));
  });

  test('tells every cause of a refusal', async ({ tryKubectl }) => {
    const { code, stderr } = await tryKubectl(['apply', '-f', '-'], {
      input: json(task('t', { image: 7, priority: 'high', onDisconnect: 'Nothing' })),
    });
    assert.equal(code, 1);
    assert.match(stderr, /The Task "t" is invalid/);
    assert.match(stderr, /spec\.onDisconnect: Unsupported value: "Nothing"/);
    assert.match(stderr, /spec\.image: Invalid value: "integer"/);
    assert.match(stderr, /spec\.priority: Invalid value: "string"/);
  });

  test('applies a kustomization', async ({ kubectl, api, at, file }) => {
    file(
      'kustomization.yaml',
      'namePrefix: pre-\ncommonLabels: {app: k}\nresources: [c.yaml]\nconfigMapGenerator:\n- name: made\n  literals: [x=1]\n',
    );
    const folder = dirname(file('c.yaml', json(configMap('c', { a: '1' }))));
    const said = await kubectl(['apply', '-k', folder]);
    assert.match(said, /configmap\/pre-c created/);
    assert.match(said, /configmap\/pre-made-\w+ created/);
    assert.deepEqual((await api.read(at('configmaps/pre-c'))).metadata.labels, { app: 'k' });
    assert.match(await kubectl(['delete', '-k', folder]), /"pre-c" deleted/);
  });

  test('prunes what its selector matches and its files no longer have', async ({ kubectl, api, at }) => {
    const labels = { labels: { app: 'pruned' } };
    const args = ['apply', '--prune', '-l', 'app=pruned', '--prune-allowlist=core/v1/ConfigMap', '-f', '-'];
    const text = (names: string[]) => documents(names.map((name) => configMap(name, {}, labels)));
    await kubectl(args, { input: text(['a', 'b']) });
    await api.create(at('configmaps'), configMap('unapplied', {}, labels));
    const said = await kubectl(args, { input: text(['a']) });
    assert.match(said, /configmap\/b pruned/);
    assert.equal((await api.get(at('configmaps/b'))).status, 404);
    assert.equal((await api.get(at('configmaps/unapplied'))).status, 200);
  });

  test('prunes what no longer belongs to a set', async ({ kubectl, api, at, namespace }) => {
    const apply = (names: string[], ...args: string[]) =>
      kubectl(['apply', '--server-side', '--prune', '--applyset=secrets/the-set', ...args, '-f', '-'], {
        input: documents(names.map((name) => configMap(name, {}, { namespace }))),
        env: { KUBECTL_APPLYSET: 'true' },
      });
    await apply(['a', 'b']);
    await api.create(at('configmaps'), configMap('stranger'));
    assert.match(await apply(['b', 'c']), /configmap\/a pruned/);
    assert.equal(await kubectl(['get', 'configmaps', '-o', 'name']), 'configmap/b\nconfigmap/c\nconfigmap/stranger\n');
  });

  test('applies a folder, and deletes what a file names', async ({ kubectl, file, api, at }) => {
    const folder = dirname(file('a.yaml', json(configMap('a'))));
    mkdirSync(`${folder}/deep`);
    file('deep/b.json', json(configMap('b')));
    await kubectl(['apply', '-f', folder]);
    assert.equal((await api.get(at('configmaps/b'))).status, 404);
    await kubectl(['apply', '-R', '-f', folder]);
    assert.equal((await api.get(at('configmaps/b'))).status, 200);
    await kubectl(['delete', '-R', '-f', folder]);
    assert.equal((await api.get(at('configmaps/a'))).status, 404);
  });

  test('sets the last applied configuration', async ({ kubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('c', { a: '1' }));
    await kubectl(['apply', 'set-last-applied', '--create-annotation', '-f', '-'], { input: json(configMap('c', { a: '1' })) });
    assert.ok((await api.read(at('configmaps/c'))).metadata.annotations?.[lastApplied]);
  });
});

onEachStore('kubectl edit, label and annotate', (test) => {
  /** An editor that changes what it is given by a sed expression. */
  const editor = (file: (name: string, content: string) => string, expression: string): string => {
    const path = file('editor.sh', `#!/bin/sh\nsed -i '${expression}' "$1"\n`);
    chmodSync(path, 0o755);
    return path;
  };

  test('edits an object in an editor', async ({ kubectl, tryKubectl, api, at, file }) => {
    for (const [address, name] of [
      [at('configmaps'), 'configmap'],
      [at('river.dev/v1/tasks'), 'task'],
    ] as const) {
      await api.create(address, name === 'task' ? task('e', { queue: 'old' }) : configMap('e', { queue: 'old' }));
      const said = await kubectl(['edit', name, 'e'], { env: { EDITOR: editor(file, 's/queue: old/queue: new/') } });
      assert.match(said, /\/e edited/);
      assert.ok(json(await api.read(`${address}/e`)).includes('"new"'));
    }
    const untouched = await tryKubectl(['edit', 'configmap', 'e'], { env: { EDITOR: 'true' } });
    assert.deepEqual([untouched.code, untouched.stderr], [0, 'Edit cancelled, no changes made.\n']);
  });

  test('edits the status apart', async ({ kubectl, api, at, file }) => {
    await api.create(at('river.dev/v1/tasks'), task('e'));
    await api.call('PATCH', `${at('river.dev/v1/tasks')}/e/status`, {
      body: { status: { phase: 'Pending' } },
      type: 'application/merge-patch+json',
    });
    await kubectl(['edit', 'task', 'e', '--subresource=status'], {
      env: { EDITOR: editor(file, 's/phase: Pending/phase: Running/;s/image: busybox/image: other/') },
    });
    const edited = await api.read(at('river.dev/v1/tasks/e'));
    assert.equal((edited.status as { phase: string }).phase, 'Running');
    assert.equal((edited.spec as { image: string }).image, 'busybox');
    assert.equal(edited.metadata.generation, 1);
  });

  test('labels and annotates: adds, refuses to overwrite, overwrites, removes', async ({ kubectl, tryKubectl, api, at }) => {
    for (const verb of ['label', 'annotate'] as const) {
      const field = verb === 'label' ? 'labels' : 'annotations';
      const name = `c-${verb}`;
      const marks = async () => (await api.read(at(`configmaps/${name}`))).metadata[field];
      await api.create(at('configmaps'), configMap(name));
      await kubectl([verb, 'configmap', name, 'a=1', 'b=2']);
      assert.deepEqual(await marks(), { a: '1', b: '2' });
      const { code, stderr } = await tryKubectl([verb, 'configmap', name, 'a=9']);
      assert.equal(code, 1);
      assert.match(stderr, /--overwrite is false.*already has a value \(1\)|already has a value \(1\), and --overwrite is false/);
      await kubectl([verb, '--overwrite', 'configmap', name, 'a=9', 'b-']);
      assert.deepEqual(await marks(), { a: '9' });
      const refused = await tryKubectl([verb, '--overwrite', '--resource-version=1', 'configmap', name, 'a=10']);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /Conflict|modified/);
    }
  });

  test('labels everything that a selector matches', async ({ kubectl, api, at }) => {
    for (const name of ['a', 'b']) await api.create(at('river.dev/v1/tasks'), task(name, {}, { labels: { pick: 'me' } }));
    await api.create(at('river.dev/v1/tasks'), task('c'));
    await kubectl(['label', 'tasks', '-l', 'pick=me', 'found=yes']);
    assert.equal(await kubectl(['get', 'tasks', '-l', 'found', '-o', 'name']), 'task.river.dev/a\ntask.river.dev/b\n');
    await kubectl(['label', 'tasks', '--all', 'found=no', '--overwrite']);
    assert.equal((await kubectl(['get', 'tasks', '-l', 'found=no', '-o', 'name'])).trim().split('\n').length, 3);
    assert.equal((await api.read(at('river.dev/v1/tasks/a'))).metadata.generation, 1);
  });

  test('refuses a label that is none', async ({ tryKubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('c'));
    const { code, stderr } = await tryKubectl(['label', 'configmap', 'c', 'a=not valid!']);
    assert.equal(code, 1);
    assert.match(stderr, /invalid label value|metadata.labels/);
  });
});
