import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ApiError, type JsonObject, type KubeObject } from '@river/crds';
import fc from 'fast-check';
import { strategicMergePatch } from '../patch/strategic-merge-patch.ts';
import { mergeableSchema } from '../testing/mergeable-schema.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { trackUpdate } from './track-update.ts';

const fields = [
  'replicas',
  'tags',
  'env',
  'selector',
  'nested',
  'free',
  'limit',
  'ports',
  'containers',
  'port',
  'name',
  'a',
  '$patch',
  '__proto__',
  'toString',
];
const leaf = fc.oneof(fc.constantFrom(null, true, 0, 1, 'x', 'merge', 'delete', 'replace'), fc.constant({}), fc.constant([]));
/** Values whose shape has little to do with the schema, under names that have much. */
const { object: anyFields, value: anything } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc
    .array(fc.tuple(fc.constantFrom(...fields), tie('value')), { maxLength: 4 })
    .map((pairs) => JSON.parse(`{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`)),
}));
const json = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value));
const object = (spec: unknown, managedFields?: unknown) =>
  json({
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name: 'x', ...(managedFields !== undefined && { managedFields }) },
    spec,
  });
const base = { apiVersion: 'example.com/v1', subresource: '', schema: mergeableSchema, now: new Date(0) } as const;

const orApiError = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch (error) {
    if (ApiError.is(error)) return undefined;
    throw error;
  }
};

it('answers any configuration over anything with an object or an ApiError', () => {
  fc.assert(
    fc.property(anyFields, anyFields, fc.oneof(anyFields, anything), fc.boolean(), (first, second, third, force) => {
      const made = object(first) as unknown as KubeObject;
      made.metadata.managedFields = trackUpdate({ ...base, live: undefined, updated: made, manager: 'a' });
      const changed = object(second, third) as unknown as KubeObject;
      changed.metadata.managedFields = trackUpdate({ ...base, live: made, updated: changed, manager: 'b' });
      const applied = orApiError(() => applyConfiguration({ ...base, live: changed, config: object(third), manager: 'c', force }));
      if (!applied) return;
      const again = orApiError(() => applyConfiguration({ ...base, live: applied.object, config: object(third), manager: 'c', force }));
      assert.equal(again?.object, applied.object);
    }),
    { numRuns: 500 },
  );
});

it('answers any strategic merge patch with an object or an ApiError', () => {
  fc.assert(
    fc.property(anyFields, anyFields, (target, patch) => {
      orApiError(() => strategicMergePatch(object(target), json({ spec: patch }), mergeableSchema));
    }),
    { numRuns: 500 },
  );
});
