import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject, StructuralSchema } from '@river/crds';
import fc from 'fast-check';
import { compileSchema } from './compile-schema.ts';

const text: StructuralSchema = { type: 'string' };
const root = (spec: StructuralSchema): StructuralSchema => ({ type: 'object', properties: { spec } });
const object = (properties: Record<string, StructuralSchema>, more: StructuralSchema = {}): StructuralSchema => ({
  type: 'object',
  properties,
  ...more,
});

/** What a value of `spec` is refused for. */
const wrong = (spec: StructuralSchema, value: Json, old?: Json): string[] =>
  compileSchema(root(spec))
    .validate({ spec: value }, old === undefined ? undefined : { spec: old })
    .map((cause) => `${cause.field}: ${cause.message}`);

describe('prune', () => {
  const pruned = (schema: StructuralSchema, value: JsonObject): [JsonObject, string[]] => {
    const removed = compileSchema(schema).prune(value);
    return [value, removed];
  };

  it('removes unknown fields at every depth and names them as Kubernetes does', () => {
    const schema = root(
      object({ list: { type: 'array', items: object({ a: text }) }, map: { type: 'object', additionalProperties: object({ a: text }) } }),
    );
    assert.deepEqual(pruned(schema, { x: 1, spec: { foo: {}, list: [{ a: 'a', bar: 1 }], map: { k: { z: 1 }, l: { a: 'b' } } } }), [
      { spec: { list: [{ a: 'a' }], map: { k: {}, l: { a: 'b' } } } },
      ['x', 'spec.foo', 'spec.list[0].bar', 'spec.map.k.z'],
    ]);
  });

  it('keeps apiVersion, kind and metadata at the root, but not what metadata does not know', () => {
    const value = {
      apiVersion: 'v1',
      kind: 'A',
      metadata: { name: 'x', labels: { a: 'b' }, color: 'red', managedFields: [{ fieldsV1: { 'f:x': {} }, no: 1 }] },
    };
    assert.deepEqual(pruned({ type: 'object' }, value), [
      { apiVersion: 'v1', kind: 'A', metadata: { name: 'x', labels: { a: 'b' }, managedFields: [{ fieldsV1: { 'f:x': {} } }] } },
      ['metadata.color', 'metadata.managedFields[0].no'],
    ]);
  });

  it('keeps what is preserved, and prunes again below a property that is specified', () => {
    const schema = root(object({ known: object({ a: text }) }, { 'x-kubernetes-preserve-unknown-fields': true }));
    assert.deepEqual(pruned(schema, { spec: { any: { b: 1 }, known: { a: 'a', b: 1 } } }), [
      { spec: { any: { b: 1 }, known: { a: 'a' } } },
      ['spec.known.b'],
    ]);
  });

  it('keeps the identity of an embedded resource', () => {
    const schema = root(object({ data: text }, { 'x-kubernetes-embedded-resource': true }));
    assert.deepEqual(pruned(schema, { spec: { apiVersion: 'v1', kind: 'A', metadata: { name: 'a', x: 1 }, data: 'd', other: 1 } }), [
      { spec: { apiVersion: 'v1', kind: 'A', metadata: { name: 'a' }, data: 'd' } },
      ['spec.metadata.x', 'spec.other'],
    ]);
  });

  it('treats names from Object.prototype as any other unknown field', () => {
    const value = JSON.parse('{"spec":{"__proto__":{"polluted":1},"constructor":1,"toString":2,"a":"x"}}') as JsonObject;
    const removed = compileSchema(root(object({ a: text }))).prune(value);
    assert.deepEqual(removed, ['spec.__proto__', 'spec.constructor', 'spec.toString']);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });
});

describe('applyDefaults', () => {
  const filled = (spec: StructuralSchema, value: JsonObject): JsonObject => {
    compileSchema(root(spec)).applyDefaults(value);
    return value;
  };

  it('fills in where the parent exists, in items and map values too', () => {
    const item = object({ n: { type: 'integer', default: 1 } });
    const spec = object({
      n: { type: 'integer', default: 2 },
      list: { type: 'array', items: item },
      map: { type: 'object', additionalProperties: item },
      sub: item,
    });
    assert.deepEqual(filled(spec, { spec: { list: [{}], map: { a: {} } } }), { spec: { n: 2, list: [{ n: 1 }], map: { a: { n: 1 } } } });
    assert.deepEqual(filled(spec, {}), {});
  });

  it('fills in inside a default that it has just given', () => {
    assert.deepEqual(filled(object({ sub: object({ n: { type: 'integer', default: 1 } }, { default: {} }) }), { spec: {} }), {
      spec: { sub: { n: 1 } },
    });
  });

  it('replaces or drops null where null is not allowed, and keeps it where it is', () => {
    const spec = object({ foo: { type: 'string', default: 'd' }, bar: { type: 'string', nullable: true, default: 'd' }, baz: text });
    assert.deepEqual(filled(spec, { spec: { foo: null, bar: null, baz: null } }), { spec: { foo: 'd', bar: null } });
  });

  it('never shares a default between two objects', () => {
    const compiled = compileSchema(root(object({ list: { type: 'array', items: text, default: ['a'] } })));
    const [one, two] = [{ spec: {} as JsonObject }, { spec: {} as JsonObject }];
    compiled.applyDefaults(one);
    compiled.applyDefaults(two);
    (one.spec.list as Json[]).push('b');
    assert.deepEqual(two, { spec: { list: ['a'] } });
  });
});

describe('validate', () => {
  const cases: [string, StructuralSchema, Json, string[]][] = [
    ['type', { type: 'integer' }, 'x', ['spec: Invalid value: "string": spec in body must be of type integer: "string"']],
    ['a whole number is an integer', { type: 'integer' }, 3, []],
    ['a fraction is none', { type: 'integer' }, 1.5, ['spec: Invalid value: "number": spec in body must be of type integer: "number"']],
    ['an integer is a number', { type: 'number' }, 3, []],
    ['null', text, null, ['spec: Invalid value: "null": spec in body must be of type string: "null"']],
    ['nullable', { type: 'string', nullable: true }, null, []],
    ['int-or-string takes both', { 'x-kubernetes-int-or-string': true }, '50%', []],
    [
      'int-or-string and no more',
      { 'x-kubernetes-int-or-string': true },
      true,
      ['spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"'],
    ],
    ['required', object({}, { required: ['a', 'toString'] }), {}, ['spec.a: Required value', 'spec.toString: Required value']],
    ['enum', { type: 'string', enum: ['a', 'b'] }, 'x', ['spec: Unsupported value: "x": supported values: "a", "b"']],
    ['enum of numbers', { type: 'integer', enum: [1, 2] }, 3, ['spec: Unsupported value: 3: supported values: "1", "2"']],
    ['minimum', { type: 'integer', minimum: 1 }, 0, ['spec: Invalid value: 0: spec in body should be greater than or equal to 1']],
    [
      'exclusive minimum',
      { type: 'integer', minimum: 1, exclusiveMinimum: true },
      1,
      ['spec: Invalid value: 1: spec in body should be greater than 1'],
    ],
    ['maximum', { type: 'number', maximum: 1.5 }, 2, ['spec: Invalid value: 2: spec in body should be less than or equal to 1.5']],
    [
      'exclusive maximum',
      { type: 'integer', maximum: 9, exclusiveMaximum: true },
      9,
      ['spec: Invalid value: 9: spec in body should be less than 9'],
    ],
    ['multipleOf', { type: 'number', multipleOf: 0.1 }, 0.25, ['spec: Invalid value: 0.25: spec in body should be a multiple of 0.1']],
    ['multipleOf holds', { type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      'int32',
      { type: 'integer', format: 'int32' },
      2 ** 31,
      ['spec: Invalid value: 2147483648: Checked value must be of type integer with format int32 in spec'],
    ],
    [
      'minLength in runes',
      { type: 'string', minLength: 2 },
      '😀',
      ['spec: Invalid value: "😀": spec in body should be at least 2 chars long'],
    ],
    ['maxLength in runes', { type: 'string', maxLength: 2 }, '😀😀', []],
    ['maxLength', { type: 'string', maxLength: 2 }, 'abc', ['spec: Too long: may not be more than 2 bytes']],
    ['pattern', { type: 'string', pattern: '^a+$' }, 'b', [`spec: Invalid value: "b": spec in body should match '^a+$'`]],
    ['a pattern is found anywhere', { type: 'string', pattern: 'b' }, 'abc', []],
    ['format', { type: 'string', format: 'date' }, 'x', ['spec: Invalid value: "x": spec in body must be of type date: "x"']],
    ['unknown formats say nothing', { type: 'string', format: 'river' }, 'x', []],
    ['minItems', { type: 'array', items: text, minItems: 1 }, [], ['spec: Invalid value: 0: spec in body should have at least 1 items']],
    ['maxItems', { type: 'array', items: text, maxItems: 1 }, ['a', 'b'], ['spec: Too many: 2: must have at most 1 item']],
    [
      'items',
      { type: 'array', items: text },
      ['a', 1],
      ['spec[1]: Invalid value: "integer": spec[1] in body must be of type string: "integer"'],
    ],
    [
      'maxProperties',
      { type: 'object', additionalProperties: text, maxProperties: 1 },
      { a: 'a', b: 'b' },
      ['spec: Too many: 2: must have at most 1 item'],
    ],
    [
      'map values',
      { type: 'object', additionalProperties: text },
      { a: 1 },
      ['spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"'],
    ],
    ['set', { type: 'array', items: text, 'x-kubernetes-list-type': 'set' }, ['a', 'b', 'a'], ['spec[2]: Duplicate value: "a"']],
    [
      'map list',
      { type: 'array', items: object({ n: text }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] },
      [{ n: 'a' }, { n: 'b' }, { n: 'a', v: 1 }],
      ['spec[2]: Duplicate value: {"n":"a"}'],
    ],
    ['not', { type: 'string', not: { enum: ['x'] } }, 'x', ['spec: Invalid value: "": "spec" must not validate the schema (not)']],
    [
      'oneOf with none',
      object({ a: text, b: text }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      {},
      ['spec: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid', 'spec.a: Required value'],
    ],
    [
      'oneOf with two',
      object({ a: text, b: text }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      { a: 'a', b: 'b' },
      ['spec: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    ['anyOf', { type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 1 }] }, 7, []],
    [
      'anyOf with none',
      { type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 1 }] },
      3,
      [
        'spec: Invalid value: "": "spec" must validate at least one schema (anyOf)',
        'spec: Invalid value: 3: spec in body should be greater than or equal to 5',
      ],
    ],
    [
      'allOf',
      { type: 'integer', allOf: [{ minimum: 5 }, { maximum: 9 }] },
      3,
      [
        'spec: Invalid value: 3: spec in body should be greater than or equal to 5',
        'spec: Invalid value: "": "spec" must validate all the schemas (allOf)',
      ],
    ],
    [
      'embedded resources say what they are',
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      { kind: 'A' },
      ['spec.apiVersion: Required value: must not be empty'],
    ],
    [
      'embedded resources have well-formed metadata',
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      { apiVersion: 'apps/v1', kind: 'A', metadata: { name: 'a/b', namespace: 'ns' } },
      ['spec.metadata.name: Invalid value: "a/b": may not contain \'/\''],
    ],
    [
      'embedded metadata of the wrong type',
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      { apiVersion: 'v1', kind: 'A', metadata: { labels: { a: 1 } } },
      ['spec.metadata.labels.a: Invalid value: "integer": spec.metadata.labels.a in body must be of type string: "integer"'],
    ],
  ];
  for (const [name, schema, value, expected] of cases) it(name, () => assert.deepEqual(wrong(schema, value), expected));

  it('says the reason of each cause for machines', () => {
    const schema = root(object({ n: { type: 'integer' }, e: { type: 'string', enum: ['a'] } }, { required: ['r'] }));
    const reasons = compileSchema(schema).validate({ spec: { n: 'x', e: 'x' } });
    assert.deepEqual(
      reasons.map((cause) => [cause.field, cause.reason]),
      [
        ['spec.r', 'FieldValueRequired'],
        ['spec.n', 'FieldValueTypeInvalid'],
        ['spec.e', 'FieldValueNotSupported'],
      ],
    );
  });

  it('names at most a hundred causes', () => {
    assert.equal(wrong({ type: 'array', items: text }, Array(1000).fill(1)).length, 100);
  });
});

describe('ratcheting', () => {
  const spec = object({ a: { type: 'string', maxLength: 1 }, b: { type: 'string', maxLength: 1 } });

  it('does not hold an unchanged part against an update, and does a changed one', () => {
    assert.deepEqual(wrong(spec, { a: 'long', b: 'y' }, { a: 'long', b: 'x' }), []);
    assert.deepEqual(wrong(spec, { a: 'longer' }, { a: 'long' }), ['spec.a: Too long: may not be more than 1 byte']);
  });

  it('pairs the items of a map list by their keys, and of no other list', () => {
    const items = object({ n: text, v: { type: 'integer', maximum: 1 } });
    const keyed: StructuralSchema = { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] };
    const [old, now] = [
      [{ n: 'a', v: 5 }],
      [
        { n: 'b', v: 1 },
        { n: 'a', v: 5 },
      ],
    ];
    assert.deepEqual(wrong(keyed, now, old), []);
    assert.equal(wrong({ type: 'array', items }, now, old).length, 1);
    assert.deepEqual(wrong({ type: 'array', items }, old, old), []);
  });

  it('still refuses duplicates in a set', () => {
    assert.equal(wrong({ type: 'array', items: text, 'x-kubernetes-list-type': 'set' }, ['a', 'a'], ['a', 'a']).length, 1);
  });

  it('keeps the judgement of oneOf when only its surroundings changed', () => {
    const either = object(
      { a: { type: 'integer' }, b: text },
      { oneOf: [{ properties: { a: { maximum: 1 } } }, { properties: { a: { minimum: 5 } } }] },
    );
    assert.deepEqual(wrong(either, { a: 7, b: 'new' }, { a: 7, b: 'old' }), []);
  });
});

describe('any JSON', () => {
  const schema = root(
    object({
      n: { type: 'integer', minimum: 0 },
      s: { type: 'string', pattern: '^[a-z]+$', default: 'x' },
      list: { type: 'array', items: object({ n: text }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] },
      map: { type: 'object', additionalProperties: { type: 'number', nullable: true } },
      any: { 'x-kubernetes-preserve-unknown-fields': true },
    }),
  );
  const compiled = compileSchema(schema);
  const json = fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<Json>;
  const key = fc.constantFrom('n', 's', 'list', 'map', 'any', 'other', '__proto__', 'constructor');
  const spec = fc.dictionary(key, json) as fc.Arbitrary<JsonObject>;

  it('is judged without throwing, and a second pass finds nothing more to prune or default', () => {
    fc.assert(
      fc.property(fc.oneof(json, spec), (value) => {
        const whole: JsonObject = { spec: value };
        compiled.prune(whole);
        compiled.applyDefaults(whole);
        const first = JSON.stringify(whole);
        assert.deepEqual(compiled.prune(whole), []);
        compiled.applyDefaults(whole);
        assert.equal(JSON.stringify(whole), first);
        compiled.validate(whole);
        assert.deepEqual(
          compiled.validate(whole, whole).filter((cause) => cause.reason !== 'FieldValueDuplicate'),
          [],
        );
      }),
      { numRuns: 500 },
    );
  });
});
