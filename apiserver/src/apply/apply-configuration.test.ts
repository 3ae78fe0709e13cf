import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, type JsonObject, type KubeObject, type ManagedFieldsEntry } from '@river/crds';
import { mergeableSchema } from '../testing/mergeable-schema.ts';
import { applyConfiguration, type Configuration } from './apply-configuration.ts';
import { trackUpdate } from './track-update.ts';

const t0 = new Date('2026-01-01T00:00:00Z');
const t1 = new Date('2026-01-01T01:00:00Z');
const base = {
  apiVersion: 'example.com/v1',
  subresource: '',
  hasStatus: true,
  schema: mergeableSchema,
  now: t1,
  force: false,
  manager: 'gitops',
} as const;

const config = (spec: object, more: object = {}): JsonObject =>
  JSON.parse(JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x', namespace: 'd' }, spec, ...more }));
const apply = (live: KubeObject | undefined, body: JsonObject, more: Partial<Configuration> = {}) =>
  applyConfiguration({ ...base, live, config: body, ...more });
const applied = (spec: object, more: Partial<Configuration> = {}): KubeObject =>
  apply(undefined, config(spec), { now: t0, ...more }).object;
/** The object after an ordinary update by another manager. */
const updated = (live: KubeObject, spec: object, manager = 'editor'): KubeObject => {
  const next = JSON.parse(JSON.stringify({ ...live, spec }));
  next.metadata.managedFields = trackUpdate({ ...base, live, updated: next, manager, now: t0 });
  return next;
};
const ownersOf = (entries: ManagedFieldsEntry[] | undefined) =>
  Object.fromEntries((entries ?? []).map((e) => [`${e.manager} ${e.operation}`, e.fieldsV1]));
const failure = (act: () => unknown): ApiError => {
  try {
    act();
  } catch (error) {
    if (ApiError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('what an apply owns', () => {
  it('is what the configuration says: leaves, items and free keys, no containers and nothing that the server sets', () => {
    const body = config(
      { replicas: 1, env: { A: '1' }, ports: [{ port: 80 }], tags: ['t'], command: ['c'], nested: {} },
      { metadata: { name: 'x', labels: { l: '1' } } },
    );
    const { managedFields } = apply(undefined, body);
    assert.deepEqual(managedFields, [
      {
        manager: 'gitops',
        operation: 'Apply',
        apiVersion: 'example.com/v1',
        time: '2026-01-01T01:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:l': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:env': { 'f:A': {} },
            'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } },
            'f:tags': { 'v:"t"': {} },
            'f:command': {},
            'f:nested': {},
          },
        },
      },
    ]);
  });
  it('is nothing when it says nothing', () =>
    assert.deepEqual(
      apply(undefined, config({})).managedFields.map((e) => e.fieldsV1),
      [{ 'f:spec': {} }],
    ));
});

describe('an apply merges by schema', () => {
  const live = {
    replicas: 1,
    env: { A: '1', B: '2' },
    selector: { a: '1', b: '2' },
    command: ['a', 'b'],
    tags: ['x', 'y'],
    free: { m: { a: 1 }, l: [1, 2] },
    ports: [
      { port: 80, protocol: 'TCP', weight: 1 },
      { port: 81, protocol: 'TCP' },
    ],
    limit: 1,
  };
  const cases: [string, object, object][] = [
    ['maps key by key', { env: { C: '3' } }, { env: { A: '1', B: '2', C: '3' } }],
    ['atomic maps whole', { selector: { c: '3' } }, { selector: { c: '3' } }],
    ['atomic lists whole', { command: ['z'] }, { command: ['z'] }],
    ['sets item by item', { tags: ['z'] }, { tags: ['x', 'y', 'z'] }],
    [
      'items by their keys',
      { ports: [{ port: 80, name: 'w' }] },
      {
        ports: [
          { port: 80, protocol: 'TCP', weight: 1, name: 'w' },
          { port: 81, protocol: 'TCP' },
        ],
      },
    ],
    ['unknown maps key by key and unknown lists whole', { free: { m: { b: 2 }, l: [3] } }, { free: { m: { a: 1, b: 2 }, l: [3] } }],
    ['int-or-string as a leaf', { limit: '10%' }, { limit: '10%' }],
    ['an empty map as a claim that removes nothing', { env: {} }, {}],
    ['null in the place of a map as a claim that removes nothing', { env: null }, {}],
    ['null over a leaf', { replicas: null }, { replicas: null }],
  ];
  for (const [name, spec, changes] of cases) {
    it(name, () => {
      const { object } = apply(updated(applied({ image: 'i' }), live), config(spec), { force: true });
      assert.deepEqual(object.spec, { ...live, ...changes });
    });
  }

  const orders: [string[], string[], string[]][] = [
    [
      ['a', 'b'],
      ['b', 'a'],
      ['b', 'a'],
    ],
    [
      ['a', 'x', 'b'],
      ['b', 'a'],
      ['x', 'b', 'a'],
    ],
    [
      ['b', 'x', 'a', 'y'],
      ['a', 'b'],
      ['x', 'a', 'y', 'b'],
    ],
    [
      ['a', 'x'],
      ['a', 'n'],
      ['a', 'x', 'n'],
    ],
    [
      ['x', 'a'],
      ['n', 'a'],
      ['x', 'n', 'a'],
    ],
    [
      ['a', 'b', 'c', 'd'],
      ['b', 'a', 'd', 'c'],
      ['b', 'a', 'd', 'c'],
    ],
    [[], ['a', 'b'], ['a', 'b']],
  ];
  for (const [before, said, after] of orders) {
    it(`puts items ${said} over ${before} as ${after}`, () => {
      const { object } = apply(updated(applied({ image: 'i' }), { tags: before }), config({ tags: said }), { force: true });
      assert.deepEqual((object.spec as JsonObject).tags, after);
    });
  }

  it('puts its one item in the place of live items that share its key', () => {
    const { object } = apply(updated(applied({ image: 'i' }), { tags: ['a', 'b', 'a', 'c', 'c'] }), config({ tags: ['a'] }), {
      force: true,
    });
    assert.deepEqual((object.spec as JsonObject).tags, ['a', 'b', 'c', 'c']);
  });
});

describe('an apply removes what its manager no longer says', () => {
  it('fields, keys, items and whole containers, also what nobody owns in them', () => {
    const live = applied({
      image: 'i',
      replicas: 1,
      env: { A: '1', B: '2' },
      nested: { a: 1 },
      tags: ['x', 'y'],
      ports: [{ port: 80 }, { port: 81 }],
    });
    (live.spec as JsonObject).nested = { a: 1, b: 2 };
    const { object } = apply(live, config({ image: 'i', env: { A: '1' }, tags: ['y'], ports: [{ port: 81 }] }));
    assert.deepEqual(object.spec, { image: 'i', env: { A: '1' }, tags: ['y'], ports: [{ port: 81 }] });
  });
  it('but not what another applies too', () => {
    const both = apply(applied({ replicas: 1, image: 'i', tags: ['x'] }), config({ replicas: 1, tags: ['x'] }), {
      manager: 'other',
    }).object;
    const { object, managedFields } = apply(both, config({ image: 'i' }));
    assert.deepEqual(object.spec, { replicas: 1, image: 'i', tags: ['x'] });
    assert.deepEqual(ownersOf(managedFields), {
      'gitops Apply': { 'f:spec': { 'f:image': {} } },
      'other Apply': { 'f:spec': { 'f:replicas': {}, 'f:tags': { 'v:"x"': {} } } },
    });
  });
  it('nor a container that holds what another owns', () => {
    const live = updated(applied({ image: 'i', nested: { a: 1 } }), { image: 'i', nested: { a: 1, b: 2 } });
    assert.deepEqual(apply(live, config({ image: 'i' })).object.spec, { image: 'i', nested: { b: 2 } });
  });
  it('nor what it never said', () => {
    const live = updated(applied({ image: 'i' }), { image: 'i', env: { A: '1' } });
    assert.deepEqual(apply(live, config({})).object.spec, { env: { A: '1' } });
  });
  it('an item, although another has changed a field in it: the item was never theirs', () => {
    const live = updated(applied({ image: 'i', ports: [{ port: 80 }] }), { image: 'i', ports: [{ port: 80, weight: 3 }] });
    const { object, managedFields } = apply(live, config({ image: 'i' }));
    assert.deepEqual(object.spec, { image: 'i' });
    assert.deepEqual(Object.keys(ownersOf(managedFields)), ['gitops Apply']);
  });
  it('leaves an empty container behind when another made the container', () => {
    const live = updated(applied({ image: 'i' }), { image: 'i', env: {} });
    const more = apply(live, config({ image: 'i', env: { A: '1' } })).object;
    assert.deepEqual(apply(more, config({ image: 'i' })).object.spec, { image: 'i', env: {} });
  });
});

describe('conflicts', () => {
  const live = updated(applied({ replicas: 1, image: 'a', ports: [{ port: 80, weight: 1 }] }), {
    replicas: 2,
    image: 'b',
    ports: [{ port: 80, weight: 2 }],
  });

  it('name the one owner and field', () => {
    const error = failure(() => apply(live, config({ replicas: 1 })));
    const status = error.toStatus();
    assert.equal(status.code, 409);
    assert.equal(status.reason, 'Conflict');
    assert.equal(status.message, 'Apply failed with 1 conflict: conflict with "editor" using example.com/v1: .spec.replicas');
    assert.deepEqual(status.details?.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "editor" using example.com/v1', field: '.spec.replicas' },
    ]);
  });
  it('list several, by owner', () => {
    const two = apply(live, config({ replicas: 7 }), { manager: 'other', force: true }).object;
    const error = failure(() => apply(two, config({ replicas: 1, image: 'c', ports: [{ port: 80, weight: 9 }] })));
    assert.equal(
      error.message,
      'Apply failed with 3 conflicts: conflicts with "editor" using example.com/v1:\n- .spec.image\n- .spec.ports[port=80,protocol="TCP"].weight\nconflicts with "other":\n- .spec.replicas',
    );
  });
  it('name the subresource through which the owner wrote', () => {
    const scaled = JSON.parse(JSON.stringify({ ...live, spec: { replicas: 3, image: 'b' } }));
    scaled.metadata.managedFields = trackUpdate({ ...base, live, updated: scaled, manager: 'hpa', subresource: 'scale' });
    const error = failure(() => apply(scaled, config({ replicas: 1 })));
    assert.equal(
      error.message,
      'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using example.com/v1: .spec.replicas',
    );
  });
  it('do not arise over the same value: then both own it, and each must let go before it is removed', () => {
    const { object, managedFields } = apply(live, config({ replicas: 2 }), { manager: 'second' });
    assert.deepEqual(object.spec, live.spec);
    assert.deepEqual(ownersOf(managedFields)['second Apply'], { 'f:spec': { 'f:replicas': {} } });
    assert.ok(JSON.stringify(ownersOf(managedFields)['editor Update']).includes('f:replicas'));
    assert.equal((apply(object, config({}), { manager: 'second' }).object.spec as JsonObject).replicas, 2);
  });
  it('are overridden by force, which takes the field from its owner', () => {
    const { object, managedFields } = apply(live, config({ replicas: 1 }), { force: true });
    assert.equal((object.spec as JsonObject).replicas, 1);
    assert.deepEqual(ownersOf(managedFields)['gitops Apply'], { 'f:spec': { 'f:replicas': {} } });
    assert.ok(!JSON.stringify(ownersOf(managedFields)['editor Update']).includes('f:replicas'));
  });
  it('arise over an object that was made before anybody applied', () => {
    const untracked: KubeObject = {
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      metadata: { name: 'x', uid: 'u' },
      spec: { replicas: 1, image: 'a' },
    };
    const error = failure(() => apply(untracked, config({ replicas: 2 })));
    assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "before-first-apply" using example.com/v1: .spec.replicas');
    const { managedFields } = apply(untracked, config({ replicas: 2 }), { force: true });
    assert.deepEqual(ownersOf(managedFields)['before-first-apply Update'], { 'f:spec': { '.': {}, 'f:image': {} } });
  });
  it('arise with owners at another version', () => {
    const v2 = JSON.parse(JSON.stringify({ ...live, spec: { replicas: 5, image: 'b', ports: [{ port: 80, weight: 2 }] } }));
    v2.metadata.managedFields = trackUpdate({ ...base, live, updated: v2, manager: 'newer', apiVersion: 'example.com/v2' });
    assert.match(failure(() => apply(v2, config({ replicas: 1 }))).message, /conflict with "newer" using example.com\/v2: .spec.replicas/);
  });
});

describe('an apply that changes nothing', () => {
  const spec = { replicas: 1, env: { A: '1' }, tags: ['a'], ports: [{ port: 80 }] };
  it('answers the very object that stands, times included', () => {
    const live = applied(spec);
    const again = apply(live, config(spec));
    assert.equal(again.object, live);
    assert.deepEqual(again.managedFields, live.metadata.managedFields);
  });
  it('moves the time when it only claims something more', () => {
    const live = updated(applied(spec), { ...spec, image: 'i' });
    const { object, managedFields } = apply(live, config({ ...spec, image: 'i' }));
    assert.deepEqual(object.spec, live.spec);
    assert.equal(managedFields[0]?.time, '2026-01-01T01:00:00Z');
  });
  it('stays one owner when it comes at another version', () => {
    const live = applied(spec);
    const { managedFields } = apply(live, { ...config(spec), apiVersion: 'example.com/v2' }, { apiVersion: 'example.com/v2' });
    assert.deepEqual(
      managedFields.map((e) => [e.manager, e.apiVersion]),
      [['gitops', 'example.com/v2']],
    );
  });
});

describe('subresources', () => {
  it('an apply to the object leaves the status alone, and one to the status leaves the rest', () => {
    const live = applied({ replicas: 1 });
    assert.equal(apply(live, { ...config({ replicas: 1 }), status: { phase: 'A' } }).object, live);
    const { object, managedFields } = apply(live, { ...config({ replicas: 9 }), status: { phase: 'A' } }, { subresource: 'status' });
    assert.deepEqual([object.spec, object.status], [{ replicas: 1 }, { phase: 'A' }]);
    assert.deepEqual(
      managedFields.map((e) => [e.subresource, e.fieldsV1]),
      [
        [undefined, { 'f:spec': { 'f:replicas': {} } }],
        ['status', { 'f:status': { 'f:phase': {} } }],
      ],
    );
  });
});

describe('a bad apply', () => {
  const cases: [string, Partial<Configuration>, JsonObject, string, string][] = [
    [
      'without a field manager',
      { manager: '' },
      config({}),
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      'with managedFields',
      {},
      config({}, { metadata: { name: 'x', managedFields: [] } }),
      'BadRequest',
      'metadata.managedFields must be nil',
    ],
    [
      'at another version than its URL',
      { apiVersion: 'example.com/v2' },
      config({}),
      'BadRequest',
      'Incorrect version specified in apply patch. Specified patch version: example.com/v1, expected: example.com/v2',
    ],
    [
      'with an unknown field',
      {},
      config({ nope: 1 }),
      'BadRequest',
      'failed to create typed patch object (d/x; example.com/v1, Kind=Thing): .spec.nope: field not declared in schema',
    ],
    [
      'with items that cannot be told apart',
      {},
      config({ ports: [{ port: 80 }, { port: 80, protocol: 'TCP' }], tags: ['a', 'a'] }),
      'BadRequest',
      'failed to create typed patch object (d/x; example.com/v1, Kind=Thing): errors:\n  .spec.ports: duplicate entries for key [port=80,protocol="TCP"]\n  .spec.tags: duplicate entries for key [="a"]',
    ],
    [
      'with an item without its key',
      {},
      config({ ports: [{ name: 'n' }] }),
      'BadRequest',
      'failed to create typed patch object (d/x; example.com/v1, Kind=Thing): .spec.ports: element 0: associative list with keys has an element that omits key field "port" (and doesn\'t have default value)',
    ],
  ];
  for (const [name, more, body, reason, message] of cases) {
    it(`${name} is refused`, () => {
      const error = failure(() => apply(undefined, body, more));
      assert.deepEqual([error.reason, error.message], [reason, message]);
    });
  }
  it('with server-set metadata as null says nothing by it', () => {
    const live = applied({ replicas: 1 });
    live.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
    const body = config({ replicas: 1 }, { metadata: { name: 'x', creationTimestamp: null, managedFields: null } });
    assert.equal(apply(live, body).object, live);
  });
  it('keeps the resourceVersion of the configuration, so that the caller can refuse a stale one', () => {
    const { object } = apply(applied({ replicas: 1 }), config({ replicas: 1 }, { metadata: { name: 'x', resourceVersion: '7' } }));
    assert.equal(object.metadata.resourceVersion, '7');
  });
});

describe('the upgrade from client-side apply', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const first = config({ replicas: 1, image: 'a' });
  const live = ((): KubeObject => {
    const object = {
      ...first,
      metadata: { name: 'x', namespace: 'd', annotations: { [annotation]: JSON.stringify(first) } },
    } as unknown as KubeObject;
    object.metadata.managedFields = trackUpdate({
      ...base,
      live: undefined,
      updated: object,
      manager: 'kubectl-client-side-apply',
      now: t0,
    });
    return object;
  })();

  it('lets kubectl take what it last applied, without conflict, and keeps the annotation true', () => {
    const body = config({ replicas: 2, image: 'a' });
    const { object } = apply(live, body, { manager: 'kubectl' });
    assert.equal((object.spec as JsonObject).replicas, 2);
    const text = object.metadata.annotations?.[annotation] ?? '';
    assert.deepEqual(JSON.parse(text), body);
    assert.ok(text.startsWith('{"apiVersion":') && text.endsWith('}\n'));
  });
  it('gives no other manager that right', () =>
    assert.match(failure(() => apply(live, config({ replicas: 2 }))).message, /kubectl-client-side-apply/));
  it('still conflicts over what another has changed since', () => {
    const changed = updated(live, { replicas: 5, image: 'a' });
    const error = failure(() => apply(changed, config({ replicas: 2, image: 'b' }), { manager: 'kubectl' }));
    assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "editor" using example.com/v1: .spec.replicas');
  });
  it('removes what is left out later, once kubectl has merged its two entries into one', () => {
    const fields = live.metadata.managedFields?.[0]?.fieldsV1 ?? {};
    const migrated = JSON.parse(JSON.stringify(live));
    migrated.metadata.managedFields = [
      {
        manager: 'kubectl',
        operation: 'Apply',
        apiVersion: 'example.com/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: fields,
      },
    ];
    migrated.metadata.managedFields = trackUpdate({ ...base, live, updated: migrated, manager: 'kubectl-patch' });
    assert.deepEqual(Object.keys(ownersOf(migrated.metadata.managedFields)), ['kubectl Apply']);
    const { object } = apply(migrated, config({ image: 'a' }), { manager: 'kubectl' });
    assert.deepEqual(object.spec, { image: 'a' });
  });
});

it('applies names that JavaScript objects inherit as plain data', () => {
  const body = config({});
  body.spec = JSON.parse('{"env":{"__proto__":"a","constructor":"b"},"free":{"__proto__":{"x":1}}}');
  const live = apply(undefined, body).object;
  assert.equal(JSON.stringify(live.spec), JSON.stringify(body.spec));
  assert.equal(apply(live, body).object, live);
  const { object } = apply(live, config({ env: { constructor: 'b' } }));
  assert.equal(JSON.stringify(object.spec), '{"env":{"constructor":"b"}}');
  assert.equal(({} as JsonObject).x, undefined);
});
