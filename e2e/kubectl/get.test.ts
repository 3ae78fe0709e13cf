import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { eventually } from '../server/eventually.ts';
import { onEachStore, type Room } from '../server/on-each-store.ts';
import { configMap, json, task } from './objects.ts';

const cells = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s{2,}/).map((cell) => cell.trim()));

const threeTasks = async ({ api, at }: Room) => {
  for (const [name, tier, priority] of [
    ['a', 'low', 3],
    ['b', 'high', 2],
    ['c', 'high', 1],
  ] as const)
    await api.create(at('river.dev/v1/tasks'), task(name, { priority }, { labels: { tier } }));
  await api.call('PATCH', `${at('river.dev/v1/tasks')}/b/status`, {
    body: { status: { phase: 'Running', conditions: [] } },
    type: 'application/merge-patch+json',
  });
};

onEachStore('kubectl get', (test) => {
  test('prints every form of one object', async (room) => {
    const { kubectl, api, at } = room;
    const { metadata } = await api.create(at('configmaps'), configMap('one', { key: 'value' }, { labels: { a: 'b' } }));
    const get = (...args: string[]) => kubectl(['get', 'configmap', 'one', ...args]);
    const asJson = JSON.parse(await get('-o', 'json'));
    assert.equal(asJson.metadata.uid, metadata.uid);
    assert.deepEqual(parse(await get('-o', 'yaml')), asJson);
    assert.equal(asJson.metadata.managedFields, undefined);
    assert.ok(Array.isArray(JSON.parse(await get('-o', 'json', '--show-managed-fields')).metadata.managedFields));
    assert.equal(await get('-o', 'name'), 'configmap/one\n');
    assert.equal(await get('-o', 'jsonpath={.data.key}'), 'value');
    assert.equal(await get('-o', 'jsonpath={.metadata.labels.a}{"\\n"}'), 'b\n');
    assert.equal(await get('-o', 'go-template={{.data.key}}'), 'value');
    assert.deepEqual(cells(await get('-o', 'custom-columns=N:.metadata.name,V:.data.key')), [
      ['N', 'V'],
      ['one', 'value'],
    ]);
    assert.deepEqual(cells(await get())[0], ['NAME', 'DATA', 'AGE']);
    assert.equal(cells(await get())[1]?.[1], '1');
    assert.deepEqual(cells(await get('--show-labels'))[0], ['NAME', 'DATA', 'AGE', 'LABELS']);
    assert.equal(cells(await get('-L', 'a', '--no-headers'))[0]?.at(-1), 'b');
  });

  test('prints the columns that the kind defines, more of them when wide', async (room) => {
    await threeTasks(room);
    const head = async (...args: string[]) => cells(await room.kubectl(['get', 'tasks', ...args]))[0] ?? [];
    const [narrow, wide] = [await head(), await head('-o', 'wide')];
    assert.equal(narrow[0], 'NAME');
    assert.ok(narrow.includes('PHASE') && narrow.includes('AGE'), String(narrow));
    assert.ok(wide.length > narrow.length, `${wide}`);
    const running = cells(await room.kubectl(['get', 'task', 'b']))[1] ?? [];
    assert.equal(running[narrow.indexOf('PHASE')], 'Running');
  });

  test('selects by label, in every form of selector', async (room) => {
    await threeTasks(room);
    const names = async (selector: string) =>
      (await room.kubectl(['get', 'tasks', '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ').filter(Boolean);
    assert.deepEqual(await names('tier=high'), ['b', 'c']);
    assert.deepEqual(await names('tier!=high'), ['a']);
    assert.deepEqual(await names('tier in (low, none)'), ['a']);
    assert.deepEqual(await names('tier notin (low)'), ['b', 'c']);
    assert.deepEqual(await names('tier'), ['a', 'b', 'c']);
    assert.deepEqual(await names('!tier'), []);
    assert.deepEqual(await names('tier==high,tier notin (low)'), ['b', 'c']);
  });

  test('selects by field: the name, and what the kind allows', async (room) => {
    await threeTasks(room);
    const names = async (selector: string, kind = 'tasks') =>
      (await room.kubectl(['get', kind, '--field-selector', selector, '-o', 'jsonpath={.items[*].metadata.name}']))
        .split(' ')
        .filter(Boolean);
    assert.deepEqual(await names('metadata.name=b'), ['b']);
    assert.deepEqual(await names('metadata.name!=b'), ['a', 'c']);
    assert.deepEqual(await names(`metadata.namespace=${room.namespace},metadata.name=c`), ['c']);
    assert.deepEqual(await names('status.phase=Running'), ['b']);
    assert.deepEqual(await names('status.phase!=Running'), ['a', 'c']);
    const { code, stderr } = await room.tryKubectl(['get', 'tasks', '--field-selector', 'spec.image=busybox']);
    assert.equal(code, 1);
    assert.match(stderr, /field label not supported: spec.image/);
    await room.kubectl(['create', 'secret', 'generic', 's', '--type=example.com/x', '--from-literal=a=b']);
    assert.deepEqual(await names('type=example.com/x', 'secrets'), ['s']);
    assert.deepEqual(await names('status.phase=Active,metadata.name=default', 'namespaces'), ['default']);
  });

  test('sorts by a field', async (room) => {
    await threeTasks(room);
    const sorted = await room.kubectl(['get', 'tasks', '--sort-by=.spec.priority', '-o', 'name']);
    assert.equal(sorted, 'task.river.dev/c\ntask.river.dev/b\ntask.river.dev/a\n');
    const table = await room.kubectl(['get', 'tasks', '--sort-by=.metadata.name', '--no-headers']);
    assert.deepEqual(
      cells(table).map(([name]) => name),
      ['a', 'b', 'c'],
    );
  });

  test('goes through a list in chunks', async ({ kubectl, api, at }) => {
    for (let n = 0; n < 23; n++) await api.create(at('configmaps'), configMap(`n-${String(n).padStart(2, '0')}`));
    const names = (text: string) => text.trim().split('\n');
    const all = names(await kubectl(['get', 'configmaps', '--chunk-size=5', '-o', 'name']));
    assert.equal(all.length, 23);
    assert.deepEqual(all, all.toSorted());
    assert.equal(names(await kubectl(['get', 'configmaps', '--chunk-size=10', '--no-headers'])).length, 23);
    assert.deepEqual(names(await kubectl(['get', 'configmaps', '--chunk-size=0', '-o', 'name'])), all);
  });

  test('shows all namespaces, and several kinds and names at once', async ({ kubectl, api, at, namespace }) => {
    await api.create(at('configmaps'), configMap('here'));
    await api.create(at('river.dev/v1/tasks'), task('there'));
    const rows = cells(await kubectl(['get', 'configmaps', '-A']));
    assert.deepEqual(rows[0], ['NAMESPACE', 'NAME', 'DATA', 'AGE']);
    assert.ok(rows.some(([ns, name]) => ns === namespace && name === 'here'));
    const both = await kubectl(['get', 'configmap/here', 'task/there', '-o', 'name']);
    assert.equal(both, 'configmap/here\ntask.river.dev/there\n');
    assert.match(await kubectl(['get', 'configmaps,tasks']), /configmap\/here[\s\S]*task.river.dev\/there/);
    assert.equal(JSON.parse(await kubectl(['get', 'cm,tasks', '-o', 'json'])).items.length, 2);
    assert.equal(await kubectl(['get', 'configmaps.v1.', 'here', '-o', 'name']), 'configmap/here\n');
    assert.equal(await kubectl(['get', 'tasks.v1.river.dev', 'there', '-o', 'name']), 'task.river.dev/there\n');
  });

  test('tells what is not there, and keeps quiet when asked to', async ({ tryKubectl, kubectl }) => {
    const { code, stderr } = await tryKubectl(['get', 'task', 'nobody']);
    assert.equal(code, 1);
    assert.match(stderr, /Error from server \(NotFound\): tasks.river.dev "nobody" not found/);
    assert.equal(await kubectl(['get', 'task', 'nobody', '--ignore-not-found']), '');
    assert.match((await tryKubectl(['get', 'tasks'])).stderr, /No resources found in .* namespace/);
  });

  test('follows a kind as it changes, and only its changes when asked to', async ({ startKubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('old'));
    const all = startKubectl(['get', 'configmaps', '-w', '--no-headers']);
    const changes = startKubectl(['get', 'configmaps', '--watch-only', '--output-watch-events', '-o', 'json']);
    const named = startKubectl(['get', 'configmap', 'old', '-w', '-o', 'jsonpath={.data.x};']);
    await all.until('the object that is there', (lines) => lines.some((line) => line.startsWith('old')));
    await named.until('the object by name', () => named.stdout().includes(';'));
    // A watch that has nothing to say cannot tell that it is on: write until it is seen.
    let round = 0;
    await eventually('a first change', async () => {
      await api.merge(at('configmaps/old'), { data: { x: String(++round) } });
      return changes.stdout().includes('MODIFIED');
    });
    await api.create(at('configmaps'), configMap('new', { a: '1', b: '2' }));
    await api.remove(at('configmaps/new'));
    const lines = await all.until('both objects', (seen) => seen.filter((line) => line.startsWith('new')).length >= 2);
    assert.match(lines.find((line) => line.startsWith('new')) ?? '', /^new\s+2\s/);
    await changes.until('the deletion', () => changes.stdout().includes('DELETED'));
    await named.until('the change by name', () => named.stdout().includes(`${round};`));
    assert.ok(!named.stdout().includes('new'));
  });

  test('follows only what a selector matches', async ({ startKubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('in', {}, { labels: { on: 'yes' } }));
    const watch = startKubectl(['get', 'configmaps', '-w', '-l', 'on=yes', '--output-watch-events', '--no-headers']);
    await watch.until('the first', (lines) => lines.some((line) => /^ADDED\s+in/.test(line)));
    await api.create(at('configmaps'), configMap('out', {}, { labels: { on: 'no' } }));
    await api.merge(at('configmaps/out'), { metadata: { labels: { on: 'yes' } } });
    await api.merge(at('configmaps/in'), { metadata: { labels: { on: 'no' } } });
    const lines = await watch.until('both changes', (seen) => seen.length >= 3);
    assert.match(lines[1] ?? '', /^ADDED\s+out/);
    assert.match(lines[2] ?? '', /^DELETED\s+in/);
  });

  test('describes objects of every kind, with their events', async ({ kubectl, api, at }) => {
    const made = await api.create(at('river.dev/v1/tasks'), task('told', {}, { labels: { a: 'b' }, annotations: { c: 'd' } }));
    await api.create(at('events'), {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'told.1' },
      involvedObject: {
        apiVersion: 'river.dev/v1',
        kind: 'Task',
        name: 'told',
        namespace: made.metadata.namespace,
        uid: made.metadata.uid,
      },
      reason: 'Noted',
      message: 'for the record',
      type: 'Normal',
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      source: { component: 'tests' },
    });
    const text = await kubectl(['describe', 'task', 'told']);
    assert.match(text, /Name:\s+told/);
    assert.match(text, /Labels:\s+a=b/);
    assert.match(text, /Image:\s+busybox/);
    assert.match(text, /Noted.*tests\s+for the record/);
    await api.create(at('configmaps'), configMap('plain', { key: 'some value' }));
    assert.match(await kubectl(['describe', 'configmap', 'plain']), /key:\n-+\nsome value/);
    assert.match(await kubectl(['describe', 'ns', 'default']), /Status:\s+Active/);
    assert.match(await kubectl(['describe', 'crd', 'tasks.river.dev']), /Established/);
    await api.create(at('secrets'), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hidden' }, stringData: { word: 'swordfish' } });
    const secret = await kubectl(['describe', 'secret', 'hidden']);
    assert.match(secret, /word:\s+9 bytes/);
    assert.ok(!secret.includes('swordfish'));
  });

  test('gets the status and the scale of an object', async ({ kubectl, api, at }) => {
    await api.create(at('river.dev/v1/tasksets'), {
      apiVersion: 'river.dev/v1',
      kind: 'TaskSet',
      metadata: { name: 'many' },
      spec: { count: 3, parallelism: 2, template: { spec: { image: 'busybox', command: ['true'] } } },
    });
    assert.equal(await kubectl(['get', 'taskset', 'many', '--subresource=status', '-o', 'name']), 'taskset.river.dev/many\n');
    const scale = JSON.parse(await kubectl(['get', 'taskset', 'many', '--subresource=scale', '-o', 'json']));
    assert.equal(scale.kind, 'Scale');
    assert.equal(scale.spec.replicas, 2);
  });

  test('reads what it writes: the last word of one form is the first of another', async ({ kubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('round', { text: 'a\nb: "c" \u00e9\n' }));
    const yaml = await kubectl(['get', 'cm', 'round', '-o', 'yaml']);
    const again = JSON.parse(await kubectl(['replace', '-f', '-', '-o', 'json'], { input: yaml }));
    assert.equal(again.data.text, 'a\nb: "c" \u00e9\n');
    assert.equal(json(again.metadata.uid), json((await api.read(at('configmaps/round'))).metadata.uid));
  });
});
