import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { emitSchema } from './emit-schema.ts';
import {
  anyObject,
  anything,
  atomic,
  bytes,
  cel,
  dateTime,
  duration,
  embedded,
  exactlyOne,
  immutable,
  intOrString,
  listOf,
  mapOf,
  quantity,
  strategic,
} from './field.ts';
import { SchemaError } from './schema-error.ts';
import type { StructuralSchema } from './structural-schema.ts';

const said: [string, z.ZodType, StructuralSchema][] = [
  [
    'a text',
    z
      .string()
      .min(1)
      .max(9)
      .regex(/^a\/b$/),
    { type: 'string', minLength: 1, maxLength: 9, pattern: '^a/b$' },
  ],
  ['a text of one length', z.string().length(3), { type: 'string', minLength: 3, maxLength: 3 }],
  ['two patterns', z.string().regex(/a/).regex(/b/), { type: 'string', pattern: 'a', allOf: [{ pattern: 'b' }] }],
  ['an integer', z.int(), { type: 'integer', format: 'int64' }],
  ['an integer said of a number', z.number().int(), { type: 'integer', format: 'int64' }],
  ['a small integer', z.int32().min(1).max(5), { type: 'integer', format: 'int32', minimum: 1, maximum: 5 }],
  ['open bounds', z.number().gt(0).lt(1), { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: true }],
  ['a step', z.number().multipleOf(5), { type: 'number', multipleOf: 5 }],
  ['a boolean', z.boolean(), { type: 'boolean' }],
  ['a choice', z.enum(['A', 'B']), { type: 'string', enum: ['A', 'B'] }],
  ['one value', z.literal('A'), { type: 'string', enum: ['A'] }],
  ['a choice of integers', z.literal([1, 2]), { type: 'integer', enum: [1, 2] }],
  ['something nullable', z.string().nullable(), { type: 'string', nullable: true }],
  ['a default', z.int().default(3), { type: 'integer', format: 'int64', default: 3 }],
  ['a description outside wins', z.string().describe('in').optional().describe('out'), { type: 'string', description: 'out' }],
  ['a description inside stays', z.string().describe('in').optional(), { type: 'string', description: 'in' }],
  ['a bounded list', z.array(z.boolean()).min(1).max(2), { type: 'array', minItems: 1, maxItems: 2, items: { type: 'boolean' } }],
  ['an atomic list', listOf(z.boolean()), { type: 'array', items: { type: 'boolean' }, 'x-kubernetes-list-type': 'atomic' }],
  [
    'a set',
    listOf(z.boolean(), { type: 'set', max: 2 }),
    { type: 'array', maxItems: 2, items: { type: 'boolean' }, 'x-kubernetes-list-type': 'set' },
  ],
  [
    'a list by key, merged by a strategic patch',
    strategic(listOf(z.object({ name: z.string() }), { type: 'map', keys: ['name'] }), 'name'),
    {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
    },
  ],
  ['a map', mapOf(z.boolean(), { max: 3 }), { type: 'object', additionalProperties: { type: 'boolean' }, maxProperties: 3 }],
  ['a number or a text', intOrString(), { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true }],
  ['any JSON', anything(), { 'x-kubernetes-preserve-unknown-fields': true }],
  ['any object', anyObject(), { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }],
  [
    'a whole object inside another',
    embedded(),
    { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  ],
  ['a time', dateTime(), { type: 'string', format: 'date-time' }],
  ['bytes', bytes(), { type: 'string', format: 'byte' }],
  ['an atomic object', atomic(z.object({})), { type: 'object', properties: {}, 'x-kubernetes-map-type': 'atomic' }],
];

const bad = (schema: z.ZodType) => z.object({ at: z.array(schema) });
const tree: z.ZodType = z.object({
  get inner() {
    return tree.optional();
  },
});

const refused: [string, z.ZodType, RegExp][] = [
  ['refine', z.string().refine(Boolean), /refine.*cel\(\)/],
  ['trim', z.string().trim(), /rewriting/],
  ['transform', z.string().transform(Number), /transform/],
  ['preprocess', z.preprocess(String, z.string()), /transform/],
  ['catch', z.string().catch(''), /default/],
  ['date', z.date(), /dateTime\(\)/],
  ['bigint', z.bigint(), /z\.int\(\)/],
  ['tuple', z.tuple([z.string()]), /named fields/],
  ['a map by enum', z.record(z.enum(['a']), z.string()), /mapOf/],
  ['a map by pattern', z.record(z.string().regex(/a/), z.string()), /mapOf/],
  ['a union of objects', z.union([z.object({}), z.object({ a: z.string() })]), /exactlyOne/],
  ['a discriminated union', z.discriminatedUnion('t', [z.object({ t: z.literal('a') })]), /exactlyOne/],
  ['an intersection', z.intersection(z.object({}), z.object({})), /one z\.object/],
  ['a strict object', z.strictObject({}), /pruned/],
  ['a loose object', z.looseObject({}), /anyObject/],
  ['any', z.any(), /anything\(\)/],
  ['unknown', z.unknown(), /anything\(\)/],
  ['never', z.never(), /leave the field out/],
  ['null', z.null(), /nullable/],
  ['a set', z.set(z.string()), /listOf/],
  ['lazy', z.lazy(() => z.string()), /anyObject/],
  ['a schema inside itself', tree, /inside itself/],
  ['a meta id', z.string().meta({ id: 'Name' }), /\$ref/],
  ['a mixed choice', z.literal(['a', 1]), /several types/],
  ['a built-in format', z.url(), /regex/],
  ['startsWith', z.string().startsWith('a'), /regex/],
  ['a flag', z.string().regex(/a/i), /flags/],
  ['lookahead', z.string().regex(/a(?=b)/), /lookaround/],
  ['lookbehind', z.string().regex(/(?<!a)b/), /lookaround/],
  ['a backreference', z.string().regex(/(a)\1/), /backreference/],
  ['a named backreference', z.string().regex(/(?<x>a)\k<x>/), /backreference/],
  ['a long repeat', z.string().regex(/a{1,1001}/), /1000/],
];

describe('emitSchema', () => {
  for (const [name, schema, expected] of said) it(`says ${name}`, () => assert.deepEqual(emitSchema(schema, 'X'), expected));

  for (const [name, schema, expected] of refused) {
    it(`refuses ${name}, and says where and what to use instead`, () => {
      assert.throws(
        () => emitSchema(bad(schema), 'X'),
        (error) => {
          assert.ok(error instanceof SchemaError);
          assert.match(error.path, /^X\.at\[\]/);
          assert.match(error.message, expected);
          return true;
        },
      );
    });
  }

  it('asks only for what a person must write', () => {
    const schema = z.object({ a: z.string(), b: z.string().optional(), c: z.string().default('x'), d: z.object({}).prefault({}) });
    assert.deepEqual(emitSchema(schema, 'X').required, ['a']);
  });

  it('keeps rules through optional, describe and more rules', () => {
    const schema = cel(immutable(z.string().max(3)), [{ rule: 'self != ""' }])
      .optional()
      .describe('d');
    const emitted = emitSchema(schema, 'X');
    assert.deepEqual(
      emitted['x-kubernetes-validations']?.map((rule) => rule.rule),
      ['self == oldSelf', 'self != ""'],
    );
    assert.equal(emitted.maxLength, 3);
  });

  it('does not change the schema that a rule is attached to', () => {
    const plain = z.string();
    cel(plain, [{ rule: 'true' }]);
    assert.deepEqual(emitSchema(plain, 'X'), { type: 'string' });
  });

  it('says exactly one of several siblings in CEL', () => {
    assert.equal(exactlyOne('a', 'b').rule, '[has(self.a), has(self.b)].filter(said, said).size() == 1');
  });

  it('takes quantities and durations as Kubernetes writes them', () => {
    for (const fine of ['500m', '1.5Gi', '2e3', 4]) assert.ok(quantity().safeParse(fine).success, String(fine));
    for (const fine of ['0', '1h30m', '1.5s', '100ms']) assert.ok(duration().safeParse(fine).success, fine);
    for (const wrong of ['', '5', '1d', '-1s']) assert.ok(!duration().safeParse(wrong).success, wrong);
  });
});
