import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '@river/crds';
import fc from 'fast-check';
import { mergePatch } from './merge-patch.ts';

describe('mergePatch', () => {
  const cases: [JsonObject, JsonObject, JsonObject][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: 'foo' }, { a: { b: { c: null, d: 1 } } }, { a: { b: { d: 1 } } }],
    [{}, { a: [null] }, { a: [null] }],
  ];
  for (const [target, patch, expected] of cases) {
    it(`${JSON.stringify(target)} under ${JSON.stringify(patch)} is ${JSON.stringify(expected)}`, () => {
      const before = structuredClone(target);
      assert.deepEqual(mergePatch(target, patch), expected);
      assert.deepEqual(target, before);
    });
  }
  for (const patch of [null, [], 1, 'x'] as Json[]) {
    it(`refuses ${JSON.stringify(patch)} as a patch`, () => assert.throws(() => mergePatch({}, patch), { reason: 'BadRequest' }));
  }
  it('sets, merges and removes names that JavaScript objects inherit as plain data', () => {
    const patch = JSON.parse('{"__proto__":{"x":1},"constructor":{"y":null,"z":2},"toString":null}');
    const result = mergePatch({ a: 1 }, patch);
    assert.equal(JSON.stringify(result), '{"a":1,"__proto__":{"x":1},"constructor":{"z":2}}');
    assert.equal(({} as JsonObject).x, undefined);
    assert.equal(JSON.stringify(mergePatch(result, JSON.parse('{"__proto__":null}'))), '{"a":1,"constructor":{"z":2}}');
  });
  it('gives the same when it is laid over its own result', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
    fc.assert(
      fc.property(objects, objects, (target, patch) => {
        const once = mergePatch(target, patch);
        assert.deepEqual(mergePatch(once, patch), once);
      }),
      { numRuns: 100 },
    );
  });
});
