import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, KubeObject, PrinterColumn } from '@river/crds';
import { threadClock } from '../cel/index.ts';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { partialObject, partialObjectList } from './partial-object.ts';
import { parseIncludeObject, tableFor, tablePrinter } from './table.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const created = '2026-01-01T23:54:48Z'; // 5m12s before

const info = (group: string, kind: string, columns: PrinterColumn[] = []): ResourceInfo => ({
  group,
  version: 'v1',
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  kind,
  listKind: `${kind}List`,
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['get', 'list'],
  hasStatus: true,
  scale: null,
  schema: { type: 'object' },
  columns,
  selectableFields: [],
  storageVersion: 'v1',
  deprecated: false,
});

const object = (name: string, fields: Record<string, Json> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Any',
  metadata: { name, namespace: 'ns', uid: 'u', resourceVersion: '7', creationTimestamp: created },
  ...fields,
});

const cellsOf = (group: string, kind: string, fields: Record<string, Json>, columns: PrinterColumn[] = []) =>
  tableFor(info(group, kind, columns), [object('a', fields)], { now }).rows[0]?.cells;

const namesOf = (group: string, kind: string, priority = 0) =>
  (tableFor(info(group, kind), [], { now }).columnDefinitions ?? [])
    .filter((column) => column.priority <= priority)
    .map(({ name }) => name);

describe('a Table', () => {
  it('is exactly this for a kind without columns of its own', () => {
    const description = 'The name, unique among objects of the kind in a namespace.';
    assert.deepEqual(tableFor(info('acme.example', 'Widget'), [object('a')], { now, metadata: { resourceVersion: '9', continue: 'c' } }), {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '9', continue: 'c' },
      columnDefinitions: [
        { name: 'Name', type: 'string', format: 'name', description, priority: 0 },
        { name: 'Age', type: 'date', format: '', description: 'The time since the object was created.', priority: 0 },
      ],
      rows: [
        {
          cells: ['a', '5m12s'],
          object: {
            kind: 'PartialObjectMetadata',
            apiVersion: 'meta.k8s.io/v1',
            metadata: { name: 'a', namespace: 'ns', uid: 'u', resourceVersion: '7', creationTimestamp: created },
          },
        },
      ],
    });
  });

  it('carries nothing, the metadata or the whole object with each row, as asked', () => {
    const rows = (includeObject: 'None' | 'Metadata' | 'Object') =>
      tableFor(info('x', 'X'), [object('a')], { now, includeObject, version: 'v1beta1' }).rows;
    assert.equal(rows('None')[0]?.object, null);
    assert.deepEqual(rows('Metadata')[0]?.object, partialObject(object('a'), 'v1beta1'));
    assert.deepEqual(rows('Object')[0]?.object, object('a'));
  });

  it('reads includeObject as the query says it, Metadata when it says nothing', () => {
    assert.deepEqual([undefined, null, '', 'None', 'Metadata', 'Object', 'none'].map(parseIncludeObject), [
      'Metadata',
      'Metadata',
      'Metadata',
      'None',
      'Metadata',
      'Object',
      undefined,
    ]);
  });

  it('names the columns of a watch only in the first event', () => {
    const print = tablePrinter(info('x', 'X'));
    assert.equal(print([object('a')], { now }).columnDefinitions?.length, 2);
    assert.equal(print([object('b')], { now, omitColumns: true }).columnDefinitions, null);
  });

  it('shows a bookmark, which has no name and no age, as an empty row', () => {
    const bookmark = { apiVersion: 'v1', kind: 'X', metadata: { resourceVersion: '8' } } as unknown as KubeObject;
    assert.deepEqual(tableFor(info('x', 'X'), [bookmark], { now }).rows[0]?.cells, ['', null]);
    assert.deepEqual(tableFor(info('', 'ConfigMap'), [bookmark], { now }).rows[0]?.cells, ['', 0, '<unknown>']);
  });
});

describe('a printer column', () => {
  const cases: [type: PrinterColumn['type'], value: Json, cell: Json][] = [
    ['string', 'x', 'x'],
    ['string', '', ''],
    ['string', 5, '5'],
    ['string', true, 'true'],
    ['string', ['a', 1], '["a",1]'],
    ['string', { a: 1 }, '{"a":1}'],
    ['string', null, null],
    ['integer', 5, 5],
    ['integer', 5.7, 5],
    ['integer', -5.7, -5],
    ['integer', '5', null],
    ['integer', null, null],
    ['number', 5.5, 5.5],
    ['number', '5', null],
    ['boolean', false, false],
    ['boolean', 'false', null],
    ['date', created, '5m12s'],
    ['date', 'nonsense', '<invalid>'],
    ['date', 5, null],
    ['date', null, null],
  ];
  for (const [type, value, cell] of cases) {
    it(`of type ${type} shows ${JSON.stringify(value)} as ${JSON.stringify(cell)}`, () =>
      assert.deepEqual(cellsOf('x', 'X', { spec: value }, [{ name: 'C', type, jsonPath: '.spec' }]), ['a', cell]));
  }

  it('is empty where its path leads nowhere, and shows the first of several values', () => {
    const columns: PrinterColumn[] = [
      { name: 'A', type: 'string', jsonPath: '.nothing.here' },
      { name: 'B', type: 'string', jsonPath: '.spec[*]' },
      { name: 'C', type: 'string', jsonPath: 'no path' },
    ];
    assert.deepEqual(cellsOf('x', 'X', { spec: ['one', 'two'] }, columns), ['a', null, 'one', null]);
  });

  it('keeps its format, description and priority, and gets no Age beside it', () => {
    const columns: PrinterColumn[] = [{ name: 'C', type: 'integer', format: 'int32', description: 'd', priority: 1, jsonPath: '.spec' }];
    assert.deepEqual(tableFor(info('x', 'X', columns), [], { now }).columnDefinitions?.slice(1), [
      { name: 'C', type: 'integer', format: 'int32', description: 'd', priority: 1 },
    ]);
  });
});

describe('the columns of a built-in kind', () => {
  const cases: [group: string, kind: string, fields: Record<string, Json>, cells: Json[]][] = [
    ['', 'ConfigMap', { data: { a: '', b: '' }, binaryData: { c: '' } }, ['a', 3, '5m12s']],
    ['', 'ConfigMap', {}, ['a', 0, '5m12s']],
    ['', 'Secret', { type: 'Opaque', data: { a: '' } }, ['a', 'Opaque', 1, '5m12s']],
    ['', 'Namespace', { status: { phase: 'Active' } }, ['a', 'Active', '5m12s']],
    ['', 'ServiceAccount', {}, ['a', 0, '5m12s']],
    ['coordination.k8s.io', 'Lease', { spec: { holderIdentity: 'me' } }, ['a', 'me', '5m12s']],
    ['coordination.k8s.io', 'Lease', {}, ['a', '', '5m12s']],
    ['apiextensions.k8s.io', 'CustomResourceDefinition', {}, ['a', created]],
    ['scheduling.k8s.io', 'PriorityClass', { value: 1000 }, ['a', 1000, false, '5m12s', 'PreemptLowerPriority']],
    [
      'scheduling.k8s.io',
      'PriorityClass',
      { value: -1, globalDefault: true, preemptionPolicy: 'Never' },
      ['a', -1, true, '5m12s', 'Never'],
    ],
    ['admissionregistration.k8s.io', 'ValidatingAdmissionPolicy', { spec: { validations: [{}, {}] } }, ['a', 2, '<unset>', '5m12s']],
    [
      'admissionregistration.k8s.io',
      'ValidatingAdmissionPolicy',
      { spec: { paramKind: { apiVersion: 'rules.example/v1', kind: 'Limit' } } },
      ['a', 0, 'rules.example/v1/Limit', '5m12s'],
    ],
    ['admissionregistration.k8s.io', 'ValidatingAdmissionPolicyBinding', { spec: { policyName: 'p' } }, ['a', 'p', '<unset>', '5m12s']],
    [
      'admissionregistration.k8s.io',
      'ValidatingAdmissionPolicyBinding',
      { spec: { policyName: 'p', paramRef: { name: 'n' } } },
      ['a', 'p', '*/n', '5m12s'],
    ],
    [
      'admissionregistration.k8s.io',
      'ValidatingAdmissionPolicyBinding',
      { spec: { policyName: 'p', paramRef: { name: 'n', namespace: 's' } } },
      ['a', 'p', 's/n', '5m12s'],
    ],
  ];
  for (const [group, kind, fields, cells] of cases) {
    it(`${kind} ${JSON.stringify(fields)} is ${JSON.stringify(cells)}`, () => assert.deepEqual(cellsOf(group, kind, fields), cells));
  }

  it('of an Event are what happened first, and its name only in the wide form', () => {
    const usual = ['Last Seen', 'Type', 'Reason', 'Object', 'Message'];
    assert.deepEqual(namesOf('', 'Event'), usual);
    const wide = ['Last Seen', 'Type', 'Reason', 'Object', 'Subobject', 'Source', 'Message', 'First Seen', 'Count', 'Name'];
    assert.deepEqual(namesOf('events.k8s.io', 'Event', 1), wide);
  });
});

describe('an Event', () => {
  const old = '2026-01-01T22:00:00Z';
  it('of core/v1 shows when it first and last happened, and how often', () => {
    const fields = {
      type: 'Warning',
      reason: 'Failed',
      message: ' no node fits\n',
      involvedObject: { kind: 'Task', name: 'train', fieldPath: 'spec.resources' },
      source: { component: 'scheduler', host: 'n1' },
      firstTimestamp: old,
      lastTimestamp: created,
      count: 4,
    };
    const cells = ['5m12s', 'Warning', 'Failed', 'task/train', 'spec.resources', 'scheduler, n1', 'no node fits', '120m', 4, 'a'];
    assert.deepEqual(cellsOf('', 'Event', fields), cells);
  });

  it('of events.k8s.io/v1 shows its series', () => {
    const fields = {
      type: 'Normal',
      reason: 'Started',
      note: 'started',
      regarding: { kind: 'Task', name: 'train' },
      reportingController: 'river.dev/agent',
      reportingInstance: 'n1',
      eventTime: old,
      series: { count: 9, lastObservedTime: created },
    };
    const cells = ['5m12s', 'Normal', 'Started', 'task/train', '', 'river.dev/agent, n1', 'started', '120m', 9, 'a'];
    assert.deepEqual(cellsOf('events.k8s.io', 'Event', fields), cells);
  });

  it('that happened once counts one, and that says nothing shows that nothing is known', () => {
    const once = cellsOf('', 'Event', { eventTime: created, firstTimestamp: null, lastTimestamp: null, count: 0, reportingComponent: 'x' });
    assert.deepEqual(once, ['5m12s', '', '', '', '', 'x', '', '5m12s', 1, 'a']);
    assert.deepEqual(cellsOf('', 'Event', {}), ['<unknown>', '', '', '', '', '', '', '<unknown>', 1, 'a']);
  });
});

describe('metadata alone', () => {
  it('is a list of PartialObjectMetadata, each with its kind', () => {
    assert.deepEqual(partialObjectList([object('a', { spec: 1 })], { resourceVersion: '9' }), {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '9' },
      items: [{ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object('a').metadata }],
    });
  });
});

describe('speed', () => {
  it('prints 5,000 rows of eight columns within the budget', () => {
    const paths = ['.spec.a', '.spec.b', '.spec.c', '.status.conditions[?(@.type=="Ready")].status', '.status.phase', '.status.nodeName'];
    const columns: PrinterColumn[] = paths.map((jsonPath, at) => ({ name: `C${at}`, type: 'string', jsonPath }));
    columns.push({ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' });
    const conditions = [
      { type: 'Scheduled', status: 'True' },
      { type: 'Ready', status: 'False' },
    ];
    const objects = Array.from({ length: 5000 }, (_, at) =>
      object(`o${at}`, { spec: { a: 'x', b: 1, c: null }, status: { phase: 'Running', conditions } }),
    );
    const print = tablePrinter(info('x', 'X', columns));
    const took = Array.from({ length: 5 }, () => {
      const start = threadClock();
      print(objects, { now });
      return threadClock() - start;
    });
    // Of this thread's own time: what else the machine does is no fault of the printer.
    assert.ok(Math.min(...took) < 40, `best of five took ${Math.min(...took).toFixed(1)} ms`);
  });
});
