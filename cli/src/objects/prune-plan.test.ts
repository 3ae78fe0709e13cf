import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject, ObjectMeta } from '@river/crds';
import { mergePatch } from './merge-patch.ts';
import { prunableKinds, prunePlan } from './prune-plan.ts';

const ours = [{ manager: 'riverctl', operation: 'Apply' as const }];
const object = (uid: string, extra: Partial<ObjectMeta> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: uid, uid, managedFields: ours, ...extra },
});
const plan = (objects: KubeObject[], applied: string[] = []) => prunePlan(objects, new Set(applied)).map(({ metadata }) => metadata.uid);

describe('prunePlan', () => {
  it('keeps what was applied and takes the rest', () => assert.deepEqual(plan([object('a'), object('b')], ['a']), ['b']));
  it('leaves alone what riverctl never applied', () => {
    assert.deepEqual(plan([object('a', { managedFields: [{ manager: 'kubectl', operation: 'Apply' }] })]), []);
    assert.deepEqual(plan([object('a', { managedFields: [{ manager: 'riverctl', operation: 'Update' }] })]), []);
  });
  it('leaves children to their owners', () => {
    assert.deepEqual(
      plan([object('a', { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'x', controller: true }] })]),
      [],
    );
  });
  it('does not delete again what is being deleted', () =>
    assert.deepEqual(plan([object('a', { deletionTimestamp: '2026-01-01T00:00:00Z' })]), []));
});

describe('prunableKinds', () => {
  it('takes each kind once, and only what can be listed and deleted', () => {
    const kind = (plural: string, version: string, verbs: string[]) => ({
      group: 'g',
      version,
      plural,
      namespaced: true,
      kind: plural,
      singular: plural,
      shortNames: [],
      categories: [],
      verbs,
      subresources: [],
    });
    const kinds = [kind('a', 'v2', ['list', 'delete']), kind('a', 'v1', ['list', 'delete']), kind('b', 'v1', ['create'])];
    assert.deepEqual(prunableKinds(kinds), [kinds[0]]);
  });
});

describe('mergePatch', () => {
  it('holds only what changed, null for what is gone, lists whole', () => {
    const before = { a: 1, b: { c: 1, d: 2 }, list: [1, 2], gone: true };
    assert.deepEqual(mergePatch(before, { a: 1, b: { c: 1, d: 3 }, list: [1, 2, 3] }), { gone: null, b: { d: 3 }, list: [1, 2, 3] });
  });
  it('is nothing when nothing changed', () => assert.equal(mergePatch({ a: [{ b: 1 }] }, { a: [{ b: 1 }] }), undefined));
});
