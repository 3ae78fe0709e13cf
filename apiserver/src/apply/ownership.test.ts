import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, isObject, type Json, type JsonObject, type KubeObject } from '@river/crds';
import fc from 'fast-check';
import { mergePatch } from '../patch/merge-patch.ts';
import { mergeableSchema } from '../testing/mergeable-schema.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { type FieldSet, minus, pathsOf, union } from './field-set.ts';
import { everyField, saidFields } from './owned-fields.ts';
import { shapeOf } from './shape.ts';
import { trackUpdate } from './track-update.ts';

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const word = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const wordMap = fc.array(fc.tuple(word, word)).map((pairs) => JSON.parse(`{${pairs.map(([k, v]) => `"${k}":"${v}"`).join(',')}}`));
const spec = fc
  .record({
    replicas: maybe(fc.integer({ min: 0, max: 2 })),
    image: maybe(word),
    command: maybe(fc.array(word, { maxLength: 2 })),
    tags: maybe(fc.uniqueArray(word, { maxLength: 3 })),
    env: maybe(wordMap),
    selector: maybe(wordMap),
    nested: maybe(fc.record({ a: maybe(fc.nat(2)), b: maybe(fc.nat(2)) })),
    free: maybe(fc.record({ m: maybe(wordMap), l: maybe(fc.array(word, { maxLength: 2 })) })),
    ports: maybe(fc.uniqueArray(fc.record({ port: fc.nat(3), weight: maybe(fc.nat(2)) }), { maxLength: 3, selector: (item) => item.port })),
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
const step = fc.record({ how: fc.constantFrom('apply', 'force', 'update', 'patch'), manager: fc.constantFrom('m', 'n', 'o'), spec });
type Step = { how: string; manager: string; spec: JsonObject };

const base = { apiVersion: 'example.com/v1', subresource: '', schema: mergeableSchema } as const;
const shape = shapeOf(mergeableSchema);
const config = (value: JsonObject): JsonObject => ({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' }, spec: value });
const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value));

function act(live: KubeObject | undefined, { how, manager, spec: value }: Step, now: Date): KubeObject | undefined {
  if (how === 'apply' || how === 'force') {
    try {
      return applyConfiguration({ ...base, live, config: config(clone(value)), manager, force: how === 'force', now }).object;
    } catch (error) {
      if (ApiError.is(error, 'Conflict')) return live;
      throw error;
    }
  }
  if (!live) return undefined;
  const next =
    how === 'update' ? clone({ ...live, spec: value }) : (mergePatch(live as JsonObject, { spec: clone(value) }) as unknown as KubeObject);
  next.metadata = { ...next.metadata, managedFields: trackUpdate({ ...base, live, updated: next, manager, now }) };
  return next;
}

const ownedBy = (object: KubeObject): FieldSet | undefined =>
  (object.metadata.managedFields ?? []).map((entry) => entry.fieldsV1 as FieldSet).reduce<FieldSet | undefined>(union, undefined);
const leavesOf = (object: KubeObject): FieldSet | undefined => saidFields(shape, object as JsonObject);
/** What is empty may be left over from what was removed, and then nobody owns it. */
const withoutEmpty = (value: Json): Json | undefined => {
  if (Array.isArray(value)) return value.length > 0 ? value : undefined;
  if (!isObject(value)) return value;
  const kept = Object.entries(value).flatMap(([key, child]) => {
    const left = withoutEmpty(child);
    return left === undefined ? [] : [[key, left]];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
};

/** Runs random steps of three managers and calls `check` with what stood before and after each. */
const afterEach = (check: (before: KubeObject | undefined, step: Step, after: KubeObject, now: Date) => void, numRuns = 150) =>
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      let live: KubeObject | undefined;
      steps.forEach((one, minute) => {
        const now = new Date(Date.UTC(2026, 0, 1, 0, minute));
        const frozen = JSON.stringify(live);
        const after = act(live, one, now);
        assert.equal(JSON.stringify(live), frozen, 'what stood before is not changed');
        if (after) check(live, one, after, now);
        live = after;
      });
    }),
    { numRuns },
  );

describe('over any history of applies and updates', () => {
  it('every leaf that says something has an owner', () => {
    afterEach((_, __, after) => {
      const unowned = minus(leavesOf(withoutEmpty(after as JsonObject) as KubeObject), ownedBy(after));
      assert.deepEqual(unowned ? pathsOf(unowned) : [], []);
    });
  });
  it('nobody owns what is not there, but for claims that the object has no place for', () => {
    afterEach((_, __, after) => {
      const ghosts = minus(minus(ownedBy(after), everyField(shape, after as JsonObject)), leavesOf(after));
      assert.deepEqual(ghosts ? pathsOf(ghosts) : [], []);
    });
  });
  it('an apply that went through changes nothing when it is repeated, forced or not', () => {
    afterEach((before, { how, manager, spec: value }, after, now) => {
      if (!how.match(/apply|force/) || after === before) return;
      for (const force of [false, true]) {
        assert.equal(applyConfiguration({ ...base, live: after, config: config(clone(value)), manager, force, now }).object, after);
      }
    });
  });
  it('an update that writes back what stands changes no owner', () => {
    afterEach((_, __, after, now) => {
      assert.deepEqual(trackUpdate({ ...base, live: after, updated: clone(after), manager: 'other', now }), after.metadata.managedFields);
    });
  });
  it('a forced apply leaves everything that it says as it says it', () => {
    afterEach((_, { how, spec: value }, after) => {
      if (how !== 'force') return;
      const said = { ...config(value), metadata: { name: 'x' } };
      const missing = minus(saidFields(shape, said), everyField(shape, after as JsonObject));
      assert.deepEqual(missing ? pathsOf(missing).filter((path) => path !== '.spec') : [], []);
    });
  });
});
