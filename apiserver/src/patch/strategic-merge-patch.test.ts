import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject, StructuralSchema } from '@river/crds';
import { strategicMergePatch } from './strategic-merge-patch.ts';

const string: StructuralSchema = { type: 'string' };
const keyed = (properties: Record<string, StructuralSchema>): StructuralSchema => ({
  type: 'array',
  'x-kubernetes-patch-strategy': 'merge',
  'x-kubernetes-patch-merge-key': 'name',
  items: { type: 'object', properties: { name: string, ...properties } },
});
const schema: StructuralSchema = {
  type: 'object',
  properties: {
    containers: keyed({ image: string, args: { type: 'array', items: string }, env: keyed({ value: string }) }),
    primitives: { type: 'array', items: string, 'x-kubernetes-patch-strategy': 'merge' },
    ssaOnly: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object' } },
    strategy: { type: 'object', 'x-kubernetes-patch-strategy': 'retainKeys', properties: { type: string, rolling: { type: 'object' } } },
    whole: { type: 'object', 'x-kubernetes-patch-strategy': 'replace' },
    map: { type: 'object', additionalProperties: string },
  },
};
const two = [
  { name: 'a', image: '1' },
  { name: 'b', image: '2' },
];

describe('strategicMergePatch', () => {
  const cases: [string, JsonObject, JsonObject, JsonObject][] = [
    ['merges maps and removes null', { map: { a: '1', b: '2' } }, { map: { a: null, c: '3' } }, { map: { b: '2', c: '3' } }],
    [
      'merges items by their key',
      { containers: two },
      { containers: [{ name: 'b', image: '3' }] },
      { containers: [two[0]!, { name: 'b', image: '3' }] },
    ],
    ['puts a new item first', { containers: two }, { containers: [{ name: 'n' }] }, { containers: [{ name: 'n' }, ...two] }],
    [
      'replaces a list without a strategy',
      { containers: [{ name: 'a', args: ['x'] }] },
      { containers: [{ name: 'a', args: ['y'] }] },
      { containers: [{ name: 'a', args: ['y'] }] },
    ],
    [
      'replaces a list that merges in server-side apply only',
      { ssaOnly: [{ name: 'a' }] },
      { ssaOnly: [{ name: 'b' }] },
      { ssaOnly: [{ name: 'b' }] },
    ],
    ['replaces a list of an unknown field', { other: [1] }, { other: [2] }, { other: [2] }],
    [
      'merges lists in lists',
      {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
        ],
      },
      { containers: [{ name: 'a', env: [{ name: 'Y', value: '3' }] }] },
      {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '3' },
            ],
          },
        ],
      },
    ],
    ['deletes an item', { containers: two }, { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [two[1]!] }],
    ['deletes an item that is not there', { containers: two }, { containers: [{ name: 'z', $patch: 'delete' }] }, { containers: two }],
    ['replaces a keyed list', { containers: two }, { containers: [{ name: 'n' }, { $patch: 'replace' }] }, { containers: [{ name: 'n' }] }],
    ['empties a keyed list', { containers: two }, { containers: [{ $patch: 'replace' }] }, { containers: [] }],
    ['removes a list with null', { containers: two }, { containers: null }, {}],
    ['replaces a map', { map: { a: '1' } }, { map: { $patch: 'replace', b: '2' } }, { map: { b: '2' } }],
    ['empties a map', { map: { a: '1' } }, { map: { $patch: 'delete' } }, { map: {} }],
    ['merges a map that says so', { map: { a: '1' } }, { map: { $patch: 'merge', b: '2' } }, { map: { a: '1', b: '2' } }],
    ['replaces a map whose strategy it is', { whole: { a: '1' } }, { whole: { b: '2' } }, { whole: { b: '2' } }],
    [
      'keeps only the retained keys',
      { strategy: { type: 'R', rolling: { x: 1 } } },
      { strategy: { $retainKeys: ['type'], type: 'S' } },
      { strategy: { type: 'S' } },
    ],
    ['merges scalars as a set, what is new first', { primitives: ['a', 'b'] }, { primitives: ['c', 'b'] }, { primitives: ['c', 'a', 'b'] }],
    ['deletes scalars', { primitives: ['a', 'b', 'c'] }, { '$deleteFromPrimitiveList/primitives': ['b', 'z'] }, { primitives: ['a', 'c'] }],
    [
      'adds, deletes and orders scalars',
      { primitives: ['a', 'b', 'c'] },
      { '$setElementOrder/primitives': ['c', 'd', 'a'], '$deleteFromPrimitiveList/primitives': ['b'], primitives: ['d'] },
      { primitives: ['c', 'd', 'a'] },
    ],
    [
      'orders items',
      { containers: two },
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: two.toReversed() },
    ],
    [
      'orders items that it merges, and keeps the server’s between them',
      { containers: [{ name: 's' }, ...two, { name: 't' }] },
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'n' }, { name: 'a' }], containers: [{ name: 'n', image: '9' }] },
      { containers: [{ name: 's' }, two[1]!, { name: 'n', image: '9' }, two[0]!, { name: 't' }] },
    ],
    [
      'leaves directives and nulls out of what it adds',
      {},
      { containers: [{ name: 'a', image: null, env: [{ name: 'x', $patch: 'delete' }] }] },
      { containers: [{ name: 'a', env: [] }] },
    ],
    [
      'merges finalizers and owners of the metadata',
      { metadata: { finalizers: ['a'] } },
      { metadata: { finalizers: ['b'] } },
      { metadata: { finalizers: ['b', 'a'] } },
    ],
  ];
  for (const [name, target, patch, expected] of cases) {
    it(name, () => {
      const before = structuredClone([target, patch]);
      assert.deepEqual(strategicMergePatch(target, patch, schema), expected);
      assert.deepEqual([target, patch], before);
    });
  }

  const bad: [string, Json][] = [
    ['no object', []],
    ['an unknown directive', { map: { $patch: 'move' } }],
    ['an unknown directive in a list', { containers: [{ name: 'a', $patch: 'move' }] }],
    ['an item without its key', { containers: [{ image: 'x' }] }],
    ['scalars among objects', { containers: ['x'] }],
    ['$retainKeys without a key that it sets', { strategy: { $retainKeys: ['type'], rolling: {} } }],
    ['$retainKeys that is no list', { strategy: { $retainKeys: 'type' } }],
    [
      'an order that contradicts the list',
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a' }, { name: 'b' }] },
    ],
    ['an order that does not know an item', { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a' }] }],
  ];
  for (const [name, patch] of bad) {
    it(`answers BadRequest to ${name}`, () =>
      assert.throws(() => strategicMergePatch({ containers: two, map: {}, strategy: {} }, patch, schema), { reason: 'BadRequest' }));
  }

  it('treats names that JavaScript objects inherit as plain data', () => {
    const result = strategicMergePatch({ map: {} }, JSON.parse('{"map":{"__proto__":"a","constructor":"b"},"toString":{"x":1}}'), schema);
    assert.equal(JSON.stringify(result), '{"map":{"__proto__":"a","constructor":"b"},"toString":{"x":1}}');
  });
});
