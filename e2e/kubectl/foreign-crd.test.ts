import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from '../server/eventually.ts';
import { onEachStore, type Room } from '../server/on-each-store.ts';
import { json, widget, widgetCrd, widgetGroup } from './objects.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const example = readFileSync(fileURLToPath(new URL('../../examples/foreign-crd.yaml', import.meta.url)), 'utf8');

/** Makes the kind, and waits as a client does: until it says that it is established. */
async function define(room: Room, crd: ReturnType<typeof widgetCrd>): Promise<string> {
  await room.kubectl(['create', '-f', '-'], { input: json(crd) });
  room.after(() => room.api.call('DELETE', `${crds}/${crd.metadata.name}`));
  await room.kubectl(['wait', '--for=condition=established', `crd/${crd.metadata.name}`, '--timeout=10s']);
  return room.at(`${widgetGroup(room.id)}/v1/widgets`);
}

onEachStore('foreign kinds', (test) => {
  test('serves the example as soon as it is applied: two versions, a rule, defaults, columns, a field to select by', async (room) => {
    const { kubectl, tryKubectl, api, at, id } = room;
    const [crd = '', recipe = ''] = example.replaceAll('kitchen.example.com', `${id}.example.com`).replaceAll('rcp', id).split('---\n');
    await kubectl(['apply', '-f', '-'], { input: crd });
    room.after(() => api.call('DELETE', `${crds}/recipes.${id}.example.com`));
    await kubectl(['wait', '--for=condition=Established', `crd/recipes.${id}.example.com`, '--timeout=10s']);
    await kubectl(['apply', '-f', '-'], { input: recipe });
    const stored = await api.read(at(`${id}.example.com/v1/recipes/minestrone`));
    assert.deepEqual([(stored.spec as { serves: number }).serves, (stored.spec as { course: string }).course], [4, 'Starter']);
    assert.match(await kubectl(['get', id]), /^NAME\s+COURSE\s+SERVES\s+AGE\nminestrone\s+Starter\s+4\s+\d+s/);
    const old = await tryKubectl(['get', `recipes.v1beta1.${id}.example.com`, 'minestrone', '-o', 'json']);
    assert.equal(JSON.parse(old.stdout).apiVersion, `${id}.example.com/v1beta1`);
    assert.match(old.stderr, /Warning: .*v1beta1 Recipe is deprecated/);
    assert.equal(
      await kubectl(['get', 'recipes', '--field-selector', 'spec.course=Starter', '-o', 'name']),
      `recipe.${id}.example.com/minestrone\n`,
    );
    assert.equal(await kubectl(['get', 'recipes', '--field-selector', 'spec.course=Main', '-o', 'name']), '');
    const slow = await tryKubectl(['patch', 'recipe', 'minestrone', '--type=merge', '-p', json({ spec: { minutes: 90 } })]);
    assert.match(slow.stderr, /spec: Invalid value: "object": only a dessert may take more than an hour/);
    const moved = await tryKubectl(['patch', 'recipe', 'minestrone', '--type=merge', '-p', json({ spec: { course: 'Main' } })]);
    assert.match(moved.stderr, /a dish does not change its course/);
    assert.match(await kubectl(['explain', 'recipe.spec.ingredients', `--api-version=${id}.example.com/v1`]), /name\t<string> -required-/);
    assert.match(await kubectl(['get', 'crd', `recipes.${id}.example.com`]), /^NAME\s+CREATED AT\n/);
    await kubectl(['apply', '--server-side', '--field-manager=cook', '-f', '-'], {
      input: json({
        apiVersion: `${id}.example.com/v1`,
        kind: 'Recipe',
        metadata: { name: 'minestrone' },
        spec: { ingredients: [{ name: 'salt', amount: 'some' }] },
      }),
    });
    const names = ((await api.read(at(`${id}.example.com/v1/recipes/minestrone`))).spec as { ingredients: { name: string }[] }).ingredients;
    assert.deepEqual(
      names.map(({ name }) => name),
      ['beans', 'carrots', 'salt'],
    );
  });

  test('says in its conditions that it is served', async (room) => {
    await define(room, widgetCrd(room.id));
    const { status } = await room.api.read(`${crds}/widgets.${widgetGroup(room.id)}`);
    const { conditions, acceptedNames, storedVersions } = status as {
      conditions: { type: string; status: string; reason: string }[];
      acceptedNames: { kind: string };
      storedVersions: string[];
    };
    const said = Object.fromEntries(conditions.map(({ type, status: is, reason }) => [type, `${is} ${reason}`]));
    assert.deepEqual(said, { NamesAccepted: 'True NoConflicts', Established: 'True InitialNamesAccepted' });
    assert.equal(acceptedNames.kind, 'Widget');
    assert.deepEqual(storedVersions, ['v1']);
  });

  test('drops what the schema does not know, and keeps what it is told to preserve', async (room) => {
    const spec = { properties: { known: { type: 'string' }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } };
    const address = await define(room, widgetCrd(room.id, { spec }));
    const made = await room.api.create(address, {
      ...widget(room.id, 'w', { known: 'a', unknown: 'b', free: { any: [1, { deep: true }] } }),
      stray: 1,
    });
    assert.deepEqual(made.spec, { known: 'a', free: { any: [1, { deep: true }] } });
    assert.equal(made.stray, undefined);
  });

  test('applies a changed schema at once: to what is written and to what is read', async (room) => {
    const { api, kubectl, id } = room;
    const address = await define(room, widgetCrd(id, { spec: { properties: { a: { type: 'string' } } } }));
    await api.create(address, widget(id, 'old', { a: 'x' }));
    const changed = widgetCrd(id, { spec: { properties: { a: { type: 'string' }, b: { type: 'integer', default: 7, maximum: 9 } } } });
    const { metadata } = await api.read(`${crds}/${changed.metadata.name}`);
    await kubectl(['replace', '-f', '-'], {
      input: json({ ...changed, metadata: { ...changed.metadata, resourceVersion: metadata.resourceVersion } }),
    });
    const read = () => api.read(`${address}/old`);
    await eventually(
      'the default shows in what was there',
      async () => (await read()).spec,
      (spec) => (spec as { b?: number }).b === 7,
    );
    const refused = await api.call('POST', address, { body: widget(id, 'new', { b: 10 }) });
    assert.equal(refused.status, 422);
    assert.match(refused.json.message, /spec.b: Invalid value: 10: spec.b in body should be less than or equal to 9/);
  });

  test('adds a version, and reads in it what was written in another', async (room) => {
    const { api, id, kubectl } = room;
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } } } };
    const address = await define(room, widgetCrd(id));
    const versions = [
      { name: 'v1', served: true, storage: false, schema },
      { name: 'v2', served: true, storage: true, schema },
    ];
    await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input: json(widgetCrd(id, { versions })) });
    const next = room.at(`${widgetGroup(id)}/v2/widgets`);
    await eventually(
      'v2 is served',
      async () => (await api.get(next)).status,
      (status) => status === 200,
    );
    await api.create(address, widget(id, 'w', { a: 'x' }));
    const read = await api.read(`${next}/w`);
    assert.deepEqual([read.apiVersion, read.spec], [`${widgetGroup(id)}/v2`, { a: 'x' }]);
    assert.match(await kubectl(['get', `widgets.${widgetGroup(id)}`, '-o', 'yaml']), /apiVersion: t\w+\.example\.com\/v2/);
    const { status } = await api.read(`${crds}/widgets.${widgetGroup(id)}`);
    assert.deepEqual((status as { storedVersions: string[] }).storedVersions, ['v1', 'v2']);
    const watch = api.watch(`${address}?watch=1&resourceVersion=0`);
    const [event] = await watch.until('the object in v1', (events) => events.length > 0);
    watch.close();
    assert.equal(event?.object.apiVersion, `${widgetGroup(id)}/v1`);
  });

  test('removes the objects with their kind, and ends the watches of it', async (room) => {
    const { api, kubectl, tryKubectl, id } = room;
    const address = await define(room, widgetCrd(id));
    for (const name of ['a', 'b']) await api.create(address, widget(id, name));
    const watch = api.watch(`${address}?watch=1&resourceVersion=0`);
    await watch.until('both', () => watch.seen().length === 2);
    await kubectl(['delete', 'crd', `widgets.${widgetGroup(id)}`]);
    await watch.ended;
    assert.deepEqual(watch.seen().slice(2).sort(), ['DELETED a', 'DELETED b']);
    await eventually(
      'the kind is not served',
      async () => (await api.get(address)).status,
      (status) => status === 404,
    );
    assert.match((await tryKubectl(['get', `widgets.${widgetGroup(id)}`])).stderr, /doesn't have a resource type|could not find/);
    await kubectl(['create', '-f', '-'], { input: json(widgetCrd(id)) });
    await kubectl(['wait', '--for=condition=established', `crd/widgets.${widgetGroup(id)}`, '--timeout=10s']);
    const again = await api.read(address);
    assert.deepEqual((again as unknown as { items: unknown[] }).items, []);
  });

  test('does not establish a kind whose names are taken', async (room) => {
    const { api, id } = room;
    await define(room, widgetCrd(id));
    const rival = { ...widgetCrd(id), metadata: { name: `gadgets.${widgetGroup(id)}` } };
    rival.spec = { ...rival.spec, names: { plural: 'gadgets', singular: 'gadget', kind: 'Widget', listKind: 'WidgetList' } };
    await api.create(crds, rival);
    room.after(() => api.call('DELETE', `${crds}/${rival.metadata.name}`));
    const conditions = async () =>
      ((await api.read(`${crds}/${rival.metadata.name}`)).status as { conditions?: { type: string; status: string; reason: string }[] })
        ?.conditions ?? [];
    await eventually('the names are refused', conditions, (all) =>
      all.some(({ type, status }) => type === 'NamesAccepted' && status === 'False'),
    );
    assert.equal((await api.get(room.at(`${widgetGroup(id)}/v1/gadgets`))).status, 404);
  });

  test('refuses a definition that is none, with every cause', async ({ tryKubectl, id }) => {
    const wrong = widgetCrd(id, { version: { storage: false }, spec: { properties: { a: { type: 'nothing' } } } });
    wrong.metadata.name = 'other.example.com';
    const { code, stderr } = await tryKubectl(['create', '-f', '-'], { input: json(wrong) });
    assert.equal(code, 1);
    assert.match(stderr, /metadata.name: Invalid value: "other.example.com": must be spec.names.plural\+"\."\+spec.group/);
    assert.match(stderr, /must have exactly one version marked as storage version/);
    assert.match(stderr, /type: Unsupported value: "nothing"|Unsupported value: "nothing"/);
  });

  test('refuses a rule that cannot be compiled, or may cost too much', async ({ tryKubectl, id }) => {
    const rule = (text: string, more: object = {}) =>
      json(
        widgetCrd(id, {
          spec: {
            properties: { s: { type: 'string' }, l: { type: 'array', items: { type: 'string' } } },
            'x-kubernetes-validations': [{ rule: text, ...more }],
          },
        }),
      );
    const typo = await tryKubectl(['create', '-f', '-'], { input: rule('self.absent == 1') });
    assert.match(typo.stderr, /compilation failed.*undefined field 'absent'/s);
    const costly = await tryKubectl(['create', '-f', '-'], {
      input: rule('self.l.all(x, self.l.all(y, self.l.all(z, x + y + z != self.s)))'),
    });
    assert.match(costly.stderr, /estimated rule cost|exceeds budget/i);
  });

  test('scales and reports a foreign kind through its subresources', async (room) => {
    const { api, kubectl, id } = room;
    const crd = widgetCrd(id, {
      spec: { properties: { replicas: { type: 'integer' } } },
      version: {
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' },
        },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { replicas: { type: 'integer' } } },
              status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
            },
          },
        },
      },
    });
    const address = await define(room, crd);
    await api.create(address, { ...widget(id, 'w', { replicas: 1 }), status: { replicas: 9 } });
    assert.equal((await api.read(`${address}/w`)).status, undefined);
    await kubectl(['scale', `widgets.${widgetGroup(id)}/w`, '--replicas=3']);
    await api.call('PATCH', `${address}/w/status`, {
      body: { status: { replicas: 2, selector: 'a=b' } },
      type: 'application/merge-patch+json',
    });
    const scale = await api.read(`${address}/w/scale`);
    assert.deepEqual(
      [scale.apiVersion, scale.kind, scale.spec, scale.status],
      ['autoscaling/v1', 'Scale', { replicas: 3 }, { replicas: 2, selector: 'a=b' }],
    );
  });
});
