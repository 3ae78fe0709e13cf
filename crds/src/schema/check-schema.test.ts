import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { checkSchema } from './check-schema.ts';
import { emitSchema } from './emit-schema.ts';
import { anyObject, cel, dateTime, listOf, mapOf, quantity } from './field.ts';

const judged = (field: z.ZodType) => cel(z.object({ field }), [{ rule: 'true' }]);
const check = (schema: z.ZodType) => checkSchema(emitSchema(schema, 'X'), 'X');

const refused: [string, z.ZodType, RegExp][] = [
  ['a text without a length', judged(z.string()), /X\.field: .*maxLength/],
  ['a list without a length', judged(listOf(z.int())), /X\.field: .*maxItems/],
  ['a map without a size', judged(mapOf(z.int())), /X\.field: .*maxProperties/],
  ['a text far below', judged(listOf(z.object({ a: z.string() }), { max: 1 })), /X\.field\[\]\.a: .*maxLength/],
  ['a text in a map', judged(mapOf(z.string(), { max: 1 })), /X\.field\.\*: .*maxLength/],
  ['a text with a rule of its own', cel(z.string(), [{ rule: 'true' }]), /X: .*maxLength/],
];

const fine: [string, z.ZodType][] = [
  ['choices and times', judged(z.object({ a: z.enum(['A']), b: dateTime(), c: z.int(), d: quantity() }))],
  ['what lies beside the rule', z.object({ free: z.string(), field: judged(z.string().max(3)) })],
  ['what no rule can see', judged(anyObject())],
];

describe('checkSchema', () => {
  for (const [name, schema, message] of refused) it(`refuses ${name} below a CEL rule`, () => assert.throws(() => check(schema), message));
  for (const [name, schema] of fine) it(`allows ${name}`, () => assert.doesNotThrow(() => check(schema)));

  it('refuses a list-map whose key may be missing', () => {
    const item = z.object({ name: z.string().optional() });
    assert.throws(() => check(listOf(item, { type: 'map', keys: ['name'] })), /must be required or have a default/);
    assert.throws(() => check(listOf(item, { type: 'map', keys: ['id'] })), /not a field/);
    assert.throws(() => check(listOf(z.string(), { type: 'map', keys: ['id'] })), /holds objects/);
    assert.doesNotThrow(() => check(listOf(z.object({ name: z.string().default('') }), { type: 'map', keys: ['name'] })));
  });

  it('refuses a set of objects that are merged field by field', () => {
    assert.throws(() => check(listOf(z.object({}), { type: 'set' })), /scalars or atomic/);
  });
});
