import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject, ManagedFieldsEntry } from '@river/crds';
import { mergeableSchema } from '../testing/mergeable-schema.ts';
import { type TrackedUpdate, trackUpdate } from './track-update.ts';

const now = new Date('2026-02-03T04:05:06.789Z');
const later = new Date('2026-02-03T05:00:00Z');
const base = { apiVersion: 'example.com/v1', subresource: '', hasStatus: true, schema: mergeableSchema, now, manager: 'writer' } as const;

// biome-ignore lint/suspicious/noExplicitAny: tests write objects as they come over the wire
const object = (parts: any = {}): KubeObject => {
  const { metadata, ...rest } = parts;
  return JSON.parse(
    JSON.stringify({
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      metadata: { name: 'x', namespace: 'd', uid: 'u', ...metadata },
      ...rest,
    }),
  );
};
const entry = (manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  apiVersion: 'example.com/v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: fieldsV1 as NonNullable<ManagedFieldsEntry['fieldsV1']>,
  ...more,
});
const track = (update: Partial<TrackedUpdate> & Pick<TrackedUpdate, 'live' | 'updated'>) => trackUpdate({ ...base, ...update });
const created = (parts: object) => track({ live: undefined, updated: object(parts) });

describe('trackUpdate on create', () => {
  const cases: [string, object, object][] = [
    [
      'gives the writer every field and every container',
      { spec: { replicas: 1, nested: { a: 1 } } },
      { 'f:spec': { '.': {}, 'f:replicas': {}, 'f:nested': { '.': {}, 'f:a': {} } } },
    ],
    [
      'tracks labels, annotations, finalizers and owners one by one',
      {
        metadata: {
          generateName: 'x-',
          labels: { 'a/b': 'c' },
          annotations: { n: 'o' },
          finalizers: ['f'],
          ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'o', uid: '7' }],
        },
      },
      {
        'f:metadata': {
          'f:generateName': {},
          'f:labels': { '.': {}, 'f:a/b': {} },
          'f:annotations': { '.': {}, 'f:n': {} },
          'f:finalizers': { '.': {}, 'v:"f"': {} },
          'f:ownerReferences': { '.': {}, 'k:{"uid":"7"}': {} },
        },
      },
    ],
    [
      'takes atomic lists and maps whole',
      { spec: { command: ['a'], selector: { a: 'b' } } },
      { 'f:spec': { '.': {}, 'f:command': {}, 'f:selector': {} } },
    ],
    [
      'names items of keyed lists by their keys, defaults filled in, names sorted',
      {
        spec: {
          ports: [
            { port: 80, name: 'web' },
            { protocol: 'UDP', port: 53 },
          ],
        },
      },
      {
        'f:spec': {
          '.': {},
          'f:ports': {
            '.': {},
            'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:name': {} },
            'k:{"port":53,"protocol":"UDP"}': { '.': {}, 'f:protocol': {}, 'f:port': {} },
          },
        },
      },
    ],
    [
      'merges by patch strategy where that is all a schema says',
      { spec: { containers: [{ name: 'c', args: ['x'] }] } },
      { 'f:spec': { '.': {}, 'f:containers': { '.': {}, 'k:{"name":"c"}': { '.': {}, 'f:name': {}, 'f:args': {} } } } },
    ],
    [
      'takes unknown content as maps piece by piece and lists whole',
      { spec: { free: { m: { n: 1 }, l: [{ a: 1 }] } } },
      { 'f:spec': { '.': {}, 'f:free': { '.': {}, 'f:m': { '.': {}, 'f:n': {} }, 'f:l': {} } } },
    ],
    [
      'takes what is empty or null as a leaf',
      { spec: { env: {}, tags: [], nested: null } },
      { 'f:spec': { '.': {}, 'f:env': {}, 'f:tags': {}, 'f:nested': {} } },
    ],
  ];
  for (const [name, parts, fields] of cases) {
    it(name, () => assert.deepEqual(created(parts), [entry('writer', fields, { time: '2026-02-03T04:05:06Z' })]));
  }

  it('owns nothing of an object that says nothing, and nothing that only the server sets', () => {
    const metadata = { resourceVersion: '1', generation: 1, creationTimestamp: 'x', selfLink: 's', deletionTimestamp: 'y' };
    assert.deepEqual(created({ metadata }), []);
  });

  it('does not track a status that the create cannot set', () => {
    assert.deepEqual(created({ status: { phase: 'A' } }), []);
    const [whole] = track({ live: undefined, updated: object({ status: { phase: 'A' } }), hasStatus: false });
    assert.deepEqual(whole?.fieldsV1, { 'f:status': { '.': {}, 'f:phase': {} } });
  });

  it('is safe with names that JavaScript objects inherit', () => {
    const updated = object();
    updated.spec = JSON.parse('{"env":{"__proto__":"a","constructor":"b"},"free":{"toString":{"__proto__":{"x":1}}}}');
    const [only] = track({ live: undefined, updated });
    assert.deepEqual(only?.fieldsV1, {
      'f:spec': {
        '.': {},
        'f:env': { '.': {}, 'f:__proto__': {}, 'f:constructor': {} },
        'f:free': { '.': {}, 'f:toString': { '.': {}, 'f:__proto__': { '.': {}, 'f:x': {} } } },
      },
    });
    const withOwners = { ...updated, metadata: { ...updated.metadata, managedFields: [only as ManagedFieldsEntry] } };
    const emptied = object({ spec: { env: {}, free: {} } });
    assert.deepEqual(track({ live: withOwners, updated: emptied, manager: 'other' })[0]?.fieldsV1, {
      'f:spec': { '.': {}, 'f:env': {}, 'f:free': {} },
    });
  });
});

describe('trackUpdate on update', () => {
  const spec = { replicas: 1, image: 'a', env: { A: '1' }, ports: [{ port: 80, protocol: 'TCP', weight: 1 }] };
  const all = {
    'f:spec': {
      '.': {},
      'f:replicas': {},
      'f:image': {},
      'f:env': { '.': {}, 'f:A': {} },
      'f:ports': { '.': {}, 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {}, 'f:weight': {} } },
    },
  };
  const live = object({ spec, metadata: { managedFields: [entry('first', all)] } });
  const update = (changes: object, more: Partial<TrackedUpdate> = {}) =>
    track({ live, updated: object({ spec: { ...spec, ...changes } }), now: later, ...more });

  it('leaves everything, times too, when nothing changes', () => assert.deepEqual(update({}), live.metadata.managedFields));

  it('moves what changed and what is new to the writer, and leaves the rest and its time', () => {
    const entries = update({ replicas: 2, nested: { a: 1 }, ports: [{ port: 80, protocol: 'TCP', weight: 2 }] });
    assert.deepEqual(entries, [
      entry('first', {
        'f:spec': {
          '.': {},
          'f:image': {},
          'f:env': { '.': {}, 'f:A': {} },
          'f:ports': { '.': {}, 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {} } },
        },
      }),
      entry(
        'writer',
        {
          'f:spec': {
            'f:replicas': {},
            'f:nested': { '.': {}, 'f:a': {} },
            'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { 'f:weight': {} } },
          },
        },
        { time: '2026-02-03T05:00:00Z' },
      ),
    ]);
  });

  it('takes what went from everybody and gives it to nobody', () => {
    const { env: _, ports: __, ...rest } = spec;
    const entries = track({ live, updated: object({ spec: rest }), now: later });
    assert.deepEqual(entries, [entry('first', { 'f:spec': { '.': {}, 'f:replicas': {}, 'f:image': {} } })]);
  });

  it('moves the time of a writer that changes what it owns already', () => {
    assert.deepEqual(update({ replicas: 2 }, { manager: 'first' }), [entry('first', all, { time: '2026-02-03T05:00:00Z' })]);
  });

  it('drops an entry that owns nothing any more', () => {
    const small = object({ spec: { replicas: 1 }, metadata: { managedFields: [entry('first', { 'f:spec': { 'f:replicas': {} } })] } });
    const entries = track({ live: small, updated: object({ spec: { replicas: 2 } }) });
    assert.deepEqual(
      entries.map((e) => e.manager),
      ['writer'],
    );
  });

  it('counts an Apply, another version and another subresource of the same name as other owners', () => {
    const others = [
      entry('writer', { 'f:spec': { 'f:replicas': {} } }, { operation: 'Apply' }),
      entry('writer', { 'f:spec': { 'f:image': {} } }, { apiVersion: 'example.com/v2' }),
      entry('writer', { 'f:spec': { 'f:limit': {} } }, { subresource: 'scale' }),
    ];
    const before = object({ spec: { replicas: 1, image: 'a', limit: 1 }, metadata: { managedFields: others } });
    const entries = track({ live: before, updated: object({ spec: { replicas: 1, image: 'b', limit: 1 } }) });
    assert.deepEqual(
      entries.map(({ operation, apiVersion, subresource, fieldsV1 }) => [operation, apiVersion, subresource, fieldsV1]),
      [
        ['Apply', 'example.com/v1', undefined, { 'f:spec': { 'f:replicas': {} } }],
        ['Update', 'example.com/v1', 'scale', { 'f:spec': { 'f:limit': {} } }],
        ['Update', 'example.com/v1', undefined, { 'f:spec': { 'f:image': {} } }],
      ],
    );
  });

  it('gives a status write the status only, under its subresource', () => {
    const entries = track({ live, updated: object({ spec: { replicas: 9 }, status: { phase: 'A' } }), subresource: 'status', now: later });
    assert.deepEqual(entries, [
      entry('first', all),
      entry('writer', { 'f:status': { '.': {}, 'f:phase': {} } }, { time: '2026-02-03T05:00:00Z', subresource: 'status' }),
    ]);
  });

  it('records a scale under its subresource, on the field that it moves', () => {
    const entries = update({ replicas: 5 }, { subresource: 'scale', manager: 'scaler' });
    assert.deepEqual(
      entries[1],
      entry('scaler', { 'f:spec': { 'f:replicas': {} } }, { time: '2026-02-03T05:00:00Z', subresource: 'scale' }),
    );
  });

  it('gives nobody the order of keyed items', () => {
    const two = [
      { port: 1, protocol: 'TCP' },
      { port: 2, protocol: 'TCP' },
    ];
    const before = object({ spec: { ports: two, tags: ['a', 'b'] }, metadata: { managedFields: [entry('first', all)] } });
    const after = object({ spec: { ports: two.toReversed(), tags: ['b', 'a'] } });
    assert.deepEqual(track({ live: before, updated: after }), before.metadata.managedFields);
  });

  it('keeps items that cannot be told apart as one leaf', () => {
    const twice = object({
      spec: { tags: ['a', 'a'] },
      metadata: { managedFields: [entry('first', { 'f:spec': { 'f:tags': { 'v:"a"': {} } } })] },
    });
    assert.deepEqual(track({ live: twice, updated: object({ spec: { tags: ['a', 'a'] } }) }), twice.metadata.managedFields);
    const thrice = track({ live: twice, updated: object({ spec: { tags: ['a', 'a', 'a'] } }) });
    assert.deepEqual(
      thrice.map((e) => [e.manager, e.fieldsV1]),
      [['writer', { 'f:spec': { 'f:tags': { 'v:"a"': {} } } }]],
    );
  });

  it('owns a part as a leaf once the schema has made it one', () => {
    const before = object({
      spec: { selector: { a: 'b' } },
      metadata: { managedFields: [entry('first', { 'f:spec': { 'f:selector': { 'f:a': {} } } })] },
    });
    const entries = track({ live: before, updated: object({ spec: { selector: { a: 'c' } } }) });
    assert.deepEqual(
      entries.map((e) => [e.manager, e.fieldsV1]),
      [['writer', { 'f:spec': { 'f:selector': {} } }]],
    );
  });
});

describe('trackUpdate with managedFields from the client', () => {
  const owners = [entry('first', { 'f:spec': { 'f:replicas': {} } })];
  const live = object({ spec: { replicas: 1 }, metadata: { managedFields: owners } });
  const sent = (managedFields: unknown, more: Partial<TrackedUpdate> = {}) =>
    track({ live, updated: object({ spec: { replicas: 1 }, metadata: { managedFields } }), ...more });

  it('forgets all owners for exactly one empty entry, and tracks no update after that', () => {
    assert.deepEqual(sent([{}]), []);
    const unowned = object({ spec: { replicas: 1 } });
    assert.deepEqual(track({ live: unowned, updated: object({ spec: { replicas: 2 } }) }), []);
  });
  it('keeps the owners for an empty list, for null and for none', () => {
    assert.deepEqual(sent([]), owners);
    assert.deepEqual(sent(null), owners);
    assert.deepEqual(sent(undefined), owners);
  });
  it('takes valid entries, in one form', () => {
    const fields = { 'f:spec': { 'f:ports': { 'k:{ "protocol":"TCP", "port":80 }': { '.': {} } }, 'x:future': {} } };
    const [taken] = sent([entry('other', fields, { operation: 'Apply', time: '2026-01-01T01:00:00+01:00' })]);
    const canonical = { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': {} } } };
    assert.deepEqual(taken, entry('other', canonical, { operation: 'Apply' }));
  });
  const invalid: [string, unknown][] = [
    ['an unknown operation', [entry('m', {}, { operation: 'Patch' as 'Apply' })]],
    ['no version', [entry('m', {}, { apiVersion: '' })]],
    ['another type of fields', [entry('m', {}, { fieldsType: 'FieldsV2' as 'FieldsV1' })]],
    ['a broken key', [entry('m', { 'k:{': {} })]],
    ['a broken value', [entry('m', { 'v:x': {} })]],
    ['fields that are no object', [entry('m', { 'f:a': 1 })]],
    ['a time that is none', [entry('m', {}, { time: 'yesterday' })]],
    ['entries that are no objects', [1]],
    ['no list', { a: 1 }],
  ];
  for (const [name, entries] of invalid) it(`ignores entries with ${name}`, () => assert.deepEqual(sent(entries), owners));

  it('does not take entries through a subresource', () => {
    assert.deepEqual(sent([entry('other', { 'f:spec': {} })], { subresource: 'status' }), owners);
    assert.deepEqual(sent([{}], { subresource: 'status' }), owners);
  });
});

describe('trackUpdate by ever new managers', () => {
  it('keeps ten Updates and merges the oldest into ancient-changes', () => {
    let live = object({
      spec: { env: {} },
      metadata: { managedFields: [entry('applier', { 'f:spec': { 'f:image': {} } }, { operation: 'Apply' })] },
    });
    const env: Record<string, string> = {};
    for (let n = 0; n < 15; n++) {
      env[`E${n}`] = '1';
      const updated = object({ spec: { env } });
      const managedFields = track({ live, updated, manager: `m${n}`, now: new Date(Date.UTC(2026, 0, 1, 0, n)) });
      live = { ...updated, metadata: { ...updated.metadata, managedFields } };
    }
    const entries = live.metadata.managedFields ?? [];
    const names = ['applier', 'ancient-changes', ...Array.from({ length: 9 }, (_, i) => `m${i + 6}`)];
    assert.deepEqual(
      entries.map((e) => e.manager),
      names,
    );
    assert.deepEqual(Object.keys((entries[1]?.fieldsV1?.['f:spec'] as Record<string, object>)?.['f:env'] ?? {}).sort(), [
      'f:E0',
      'f:E1',
      'f:E2',
      'f:E3',
      'f:E4',
      'f:E5',
    ]);
    assert.equal(entries[1]?.time, '2026-01-01T00:05:00Z');
  });
});
