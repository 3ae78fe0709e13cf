import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject, StructuralSchema } from '@river/crds';
import { saidFields } from './owned-fields.ts';
import { shapeOf } from './shape.ts';

const said = (property: StructuralSchema, value: JsonObject[string]) => {
  const fields = saidFields(shapeOf({ type: 'object', properties: { it: property } }), { it: value })?.['f:it'];
  return fields;
};
const object: StructuralSchema = { type: 'object' };
const list = (more: StructuralSchema, items: StructuralSchema = { type: 'string' }): StructuralSchema => ({
  type: 'array',
  items,
  ...more,
});

describe('what a schema says about ownership', () => {
  const cases: [string, StructuralSchema, JsonObject[string], object][] = [
    ['objects are owned field by field', { ...object, properties: { a: { type: 'string' } } }, { a: '1' }, { 'f:a': {} }],
    ['maps are owned key by key', { ...object, additionalProperties: { type: 'string' } }, { a: '1' }, { 'f:a': {} }],
    ['also maps of anything', { ...object, additionalProperties: true }, { a: { b: 1 } }, { 'f:a': { '.': {}, 'f:b': {} } }],
    [
      'granular is what they are anyway',
      { ...object, additionalProperties: {}, 'x-kubernetes-map-type': 'granular' },
      { a: 1 },
      { 'f:a': {} },
    ],
    ['atomic maps are owned whole', { ...object, additionalProperties: {}, 'x-kubernetes-map-type': 'atomic' }, { a: 1 }, {}],
    ['lists are owned whole', list({}), ['a'], {}],
    ['lists that say so too', list({ 'x-kubernetes-list-type': 'atomic', 'x-kubernetes-patch-strategy': 'merge' }), ['a'], {}],
    ['sets are owned item by item', list({ 'x-kubernetes-list-type': 'set' }), ['a'], { 'v:"a"': {} }],
    ['lists that merge by strategy without a key are sets', list({ 'x-kubernetes-patch-strategy': 'merge' }), ['a'], { 'v:"a"': {} }],
    ['lists with the strategy replace are owned whole', list({ 'x-kubernetes-patch-strategy': 'replace' }), ['a'], {}],
    [
      'keyed items may be atomic themselves',
      list({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] }, { ...object, 'x-kubernetes-map-type': 'atomic' }),
      [{ n: 1, o: 2 }],
      { 'k:{"n":1}': {} },
    ],
    ['int-or-string is a leaf', { 'x-kubernetes-int-or-string': true }, '50%', {}],
    ['unknown content is deduced', { 'x-kubernetes-preserve-unknown-fields': true }, { a: [{ b: 1 }] }, { 'f:a': {} }],
    [
      'an embedded object has the metadata of an object, and its name belongs to who says it',
      { ...object, 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      { apiVersion: 'v1', kind: 'K', metadata: { name: 'n', finalizers: ['f'] }, data: { x: 1 } },
      {
        'f:apiVersion': {},
        'f:kind': {},
        'f:metadata': { 'f:name': {}, 'f:finalizers': { 'v:"f"': {} } },
        'f:data': { '.': {}, 'f:x': {} },
      },
    ],
    [
      'names that JavaScript objects inherit are not fields',
      { ...object, properties: {}, additionalProperties: {} },
      { constructor: { a: 1 } },
      { 'f:constructor': {} },
    ],
  ];
  for (const [name, property, value, fields] of cases) it(name, () => assert.deepEqual(said(property, value), fields));

  it('is worked out once for each schema', () => {
    const schema: StructuralSchema = { type: 'object' };
    assert.equal(shapeOf(schema), shapeOf(schema));
  });
});
