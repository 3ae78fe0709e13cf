import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CrdNames, CrdStatus, CustomResourceDefinition } from '@river/crds';
import { crdNaming } from './crd-naming.ts';

const crdOf = (names: CrdNames, status?: CrdStatus, group = 'example.com'): CustomResourceDefinition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${names.plural}.${group}` },
  spec: { group, scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true }] },
  ...(status && { status }),
});
const named = (names: CrdNames, group?: string): CustomResourceDefinition => {
  const crd = crdOf(names, undefined, group);
  return { ...crd, status: crdNaming(crd, [], 'then') };
};
const states = ({ conditions = [] }: CrdStatus) => conditions.map(({ type, status, reason, message }) => [type, status, reason, message]);

describe('crdNaming', () => {
  const widgets: CrdNames = { plural: 'widgets', kind: 'Widget', shortNames: ['w'] };

  it('accepts free names, fills in what follows from the kind, and establishes', () => {
    const status = crdNaming(crdOf(widgets), [named({ plural: 'widgets', kind: 'Widget' }, 'other.org')], 'now');
    assert.deepEqual(status.acceptedNames, {
      plural: 'widgets',
      singular: 'widget',
      kind: 'Widget',
      listKind: 'WidgetList',
      shortNames: ['w'],
    });
    assert.deepEqual(states(status), [
      ['NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'],
      ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'],
    ]);
    assert.deepEqual(status.storedVersions, ['v1']);
  });

  const conflicts: [string, CrdNames, string, string][] = [
    ['plural', { plural: 'w', kind: 'Other' }, 'PluralConflict', '"w" is already in use'],
    ['singular', { plural: 'others', kind: 'Other', singular: 'widgets' }, 'SingularConflict', '"widgets" is already in use'],
    [
      'short name',
      { plural: 'others', kind: 'Other', shortNames: ['o', 'w', 'widget'] },
      'ShortNamesConflict',
      '["w" is already in use, "widget" is already in use]',
    ],
    ['kind', { plural: 'others', kind: 'Widget', singular: 'other', listKind: 'Others' }, 'KindConflict', '"Widget" is already in use'],
    ['list kind', { plural: 'others', kind: 'Other', listKind: 'WidgetList' }, 'ListKindConflict', '"WidgetList" is already in use'],
  ];
  for (const [name, names, reason, message] of conflicts) {
    it(`refuses a ${name} that another definition of the group holds`, () => {
      assert.deepEqual(states(crdNaming(crdOf(names), [named(widgets)], 'now')), [
        ['NamesAccepted', 'False', reason, message],
        ['Established', 'False', 'NotAccepted', 'not all names are accepted'],
      ]);
    });
  }

  it('stays established, with the names it had, when new ones are taken', () => {
    const before = named(widgets);
    const others = [named({ plural: 'gadgets', kind: 'Gadget', shortNames: ['g'] })];
    const status = crdNaming({ ...before, spec: { ...before.spec, names: { ...widgets, shortNames: ['g'] } } }, others, 'now');
    assert.deepEqual(status.acceptedNames.shortNames, ['w']);
    assert.deepEqual(
      states(status).map(([type, state]) => [type, state]),
      [
        ['NamesAccepted', 'False'],
        ['Established', 'True'],
      ],
    );
  });

  it('changes nothing the second time, and keeps the times of conditions', () => {
    const before = named(widgets);
    assert.deepEqual(crdNaming(before, [before], 'later'), before.status);
  });

  it('remembers every version that was ever stored', () => {
    const before = named(widgets);
    const versions = [
      { name: 'v2', served: true, storage: true },
      { name: 'v1', served: true, storage: false },
    ];
    assert.deepEqual(crdNaming({ ...before, spec: { ...before.spec, versions } }, [], 'now').storedVersions, ['v1', 'v2']);
  });
});
