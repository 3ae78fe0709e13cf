import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CelRule, JsonObject, StructuralSchema } from '@river/crds';
import { compileRules } from './compile-rules.ts';

const specOf = (spec: StructuralSchema): StructuralSchema => ({ type: 'object', properties: { spec } });
const withRules = (properties: Record<string, StructuralSchema>, ...rules: (CelRule | string)[]): StructuralSchema =>
  specOf({ type: 'object', properties, 'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule)) });

const causes = (schema: StructuralSchema, spec: JsonObject, old?: JsonObject) =>
  compileRules(schema).validate({ spec }, old && { spec: old }).causes;
const holds = (properties: Record<string, StructuralSchema>, rule: string, spec: JsonObject, old?: JsonObject) =>
  assert.deepEqual(causes(withRules(properties, rule), spec, old), [], rule);

const integer: StructuralSchema = { type: 'integer' };
const string: StructuralSchema = { type: 'string' };

describe('rules of a schema', () => {
  it('are empty, and cost no walk, where the schema has none', () => {
    assert.equal(compileRules(specOf({ type: 'object' })).isEmpty, true);
    assert.equal(compileRules(withRules({}, 'true')).isEmpty, false);
  });

  it('say which rule failed, where, in the words of Kubernetes', () => {
    assert.deepEqual(causes(withRules({ min: integer, max: integer }, ' self.min <= self.max '), { min: 2, max: 1 }), [
      { reason: 'FieldValueInvalid', field: 'spec', message: 'Invalid value: "object": failed rule: self.min <= self.max' },
    ]);
    const root: StructuralSchema = { type: 'object', 'x-kubernetes-validations': [{ rule: "self.metadata.name == 'a'", message: 'be a' }] };
    assert.deepEqual(compileRules(root).validate({ metadata: { name: 'b' } }, undefined).causes, [
      { reason: 'FieldValueInvalid', field: '<nil>', message: 'Invalid value: "object": be a' },
    ]);
  });

  it('use message, messageExpression, reason and fieldPath', () => {
    const fail = (rule: Omit<CelRule, 'rule'>) =>
      causes(withRules({ n: integer, m: { type: 'object', additionalProperties: string } }, { rule: 'self.n > 5', ...rule }), { n: 3 })[0];
    assert.equal(fail({ message: ' too small ' })?.message, 'Invalid value: "object": too small');
    assert.equal(fail({ messageExpression: "'got ' + string(self.n)", message: 'm' })?.message, 'Invalid value: "object": got 3');
    assert.equal(fail({ messageExpression: "'a\\nb'", message: 'm' })?.message, 'Invalid value: "object": m');
    assert.equal(fail({ messageExpression: "self.m['x']" })?.message, 'Invalid value: "object": failed rule: self.n > 5');
    assert.deepEqual(fail({ reason: 'FieldValueForbidden', message: 'no', fieldPath: '.n' }), {
      reason: 'FieldValueForbidden',
      field: 'spec.n',
      message: 'Forbidden: no',
    });
    assert.deepEqual(fail({ reason: 'FieldValueRequired', message: 'give', fieldPath: ".m['a.b']" }), {
      reason: 'FieldValueRequired',
      field: 'spec.m[a.b]',
      message: 'Required value: give',
    });
    assert.equal(fail({ reason: 'FieldValueDuplicate' })?.message, 'Duplicate value: "object"');
  });

  it('report an expression that fails while it runs', () => {
    assert.deepEqual(
      causes(withRules({ n: integer }, '10 / self.n > 0'), { n: 0 })[0]?.message,
      'Invalid value: "object": division by zero evaluating rule: 10 / self.n > 0',
    );
    assert.match(causes(withRules({ n: integer }, 'self.n > 0'), {})[0]?.message ?? '', /no such key: n evaluating rule/);
  });

  it('see values under their declared types', () => {
    holds({ n: integer }, 'self.n % 2 == 1 && type(self.n) == int', { n: 3 });
    holds({ n: { type: 'number' } }, 'type(self.n) == double && self.n == 2.0', { n: 2 });
    holds({ t: { type: 'string', format: 'date-time' } }, "self.t > timestamp('2024-01-01T00:00:00Z') && self.t.getFullYear() == 2024", {
      t: '2024-05-01T10:00:00Z',
    });
    holds({ t: { type: 'string', format: 'date' } }, 'self.t.getMonth() == 4', { t: '2024-05-01' });
    holds({ d: { type: 'string', format: 'duration' } }, "self.d == duration('90s')", { d: '1m30s' });
    holds({ b: { type: 'string', format: 'byte' } }, "self.b == b'hi'", { b: 'aGk=' });
    holds({ p: { 'x-kubernetes-int-or-string': true } }, "type(self.p) == int ? self.p < 10 : self.p.endsWith('%')", { p: 5 });
    holds({ p: { 'x-kubernetes-int-or-string': true } }, "type(self.p) == int ? self.p < 10 : self.p.endsWith('%')", { p: '5%' });
    holds({ m: { type: 'object', additionalProperties: integer } }, "self.m.all(k, self.m[k] > 0) && 'a' in self.m && self.m.size() == 1", {
      m: { a: 1 },
    });
    holds({ n: { ...integer, nullable: true } }, 'self.n == null', { n: null });
  });

  it('reach awkward names by their escapes', () => {
    const names = { namespace: string, 'a-b': string, 'a.b': string, 'a/b': string, a__b: string };
    const spec = { namespace: 'v', 'a-b': 'v', 'a.b': 'v', 'a/b': 'v', a__b: 'v' };
    holds(names, "[self.__namespace__, self.a__dash__b, self.a__dot__b, self.a__slash__b, self.a__underscores__b].all(x, x == 'v')", spec);
    holds(names, 'has(self.__namespace__) && self.`a-b` == self.`a.b`', spec);
  });

  it('never see what the schema does not declare', () => {
    holds({ open: { type: 'object', properties: { a: string }, 'x-kubernetes-preserve-unknown-fields': true } }, 'has(self.open.a)', {
      open: { a: 'x', b: 'y' },
    });
    assert.match(causes(withRules({ a: string }, 'self.b == 1'), { a: 'x', b: 1 })[0]?.message ?? '', /undefined field 'b'/);
    assert.match(
      causes(withRules({ a: string }, "self.constructor == 'x'"), { a: 'x' })[0]?.message ?? '',
      /undefined field 'constructor'/,
    );
  });

  it('see kind, apiVersion and name of embedded resources', () => {
    holds(
      { e: { type: 'object', 'x-kubernetes-embedded-resource': true } },
      "self.e.kind == 'Pod' && self.e.metadata.name == 'x' && self.e.apiVersion == 'v1'",
      { e: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } } },
    );
  });

  it('compare lists of type set and map without order', () => {
    const set: StructuralSchema = { type: 'array', items: string, 'x-kubernetes-list-type': 'set' };
    const map: StructuralSchema = {
      type: 'array',
      items: { type: 'object', properties: { k: string, v: integer } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    };
    holds({ s: set }, 'self.s == oldSelf.s', { s: ['a', 'b'] }, { s: ['b', 'a'] });
    holds(
      { l: map },
      'self.l == oldSelf.l',
      {
        l: [
          { k: 'a', v: 1 },
          { k: 'b', v: 2 },
        ],
      },
      {
        l: [
          { k: 'b', v: 2 },
          { k: 'a', v: 1 },
        ],
      },
    );
    assert.equal(
      causes(withRules({ s: { ...set, 'x-kubernetes-list-type': 'atomic' } }, 'self.s == oldSelf.s'), { s: ['a', 'b'] }, { s: ['b', 'a'] })
        .length,
      1,
    );
  });
});

describe('transition rules', () => {
  const immutable = { rule: 'self == oldSelf', message: 'is immutable' };
  const once: StructuralSchema = { ...string, 'x-kubernetes-validations': [immutable] };

  it('run only on update, and only where there was a value', () => {
    const schema = specOf({ type: 'object', properties: { name: once } });
    assert.deepEqual(causes(schema, { name: 'a' }), []);
    assert.deepEqual(causes(schema, { name: 'a' }, {}), []);
    assert.deepEqual(causes(schema, { name: 'a' }, { name: 'a' }), []);
    assert.deepEqual(causes(schema, { name: 'b' }, { name: 'a' }), [
      { reason: 'FieldValueInvalid', field: 'spec.name', message: 'Invalid value: "string": is immutable' },
    ]);
  });

  it('find the old value through maps and through lists of type map, in any order', () => {
    const item: StructuralSchema = { type: 'object', properties: { k: string, v: once } };
    const list = specOf({
      type: 'object',
      properties: { l: { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] } },
    });
    assert.deepEqual(
      causes(
        list,
        {
          l: [
            { k: 'b', v: '2' },
            { k: 'a', v: 'X' },
            { k: 'c', v: 'n' },
          ],
        },
        {
          l: [
            { k: 'a', v: '1' },
            { k: 'b', v: '2' },
          ],
        },
      ).map(({ field }) => field),
      ['spec.l[1].v'],
    );
    const map = specOf({ type: 'object', properties: { m: { type: 'object', additionalProperties: once } } });
    assert.deepEqual(
      causes(map, { m: { a: 'X', b: '2' } }, { m: { a: '1', b: '2' } }).map(({ field }) => field),
      ['spec.m[a]'],
    );
  });

  it('run always when the old value is optional', () => {
    const rule = { rule: "oldSelf.hasValue() || self == 'first'", optionalOldSelf: true };
    const schema = specOf({ type: 'object', properties: { name: { ...string, 'x-kubernetes-validations': [rule] } } });
    assert.deepEqual(causes(schema, { name: 'first' }), []);
    assert.equal(causes(schema, { name: 'second' }).length, 1);
    assert.deepEqual(causes(schema, { name: 'second' }, { name: 'first' }), []);
  });

  it('leave what an update does not touch, as long as a rule is not about the change', () => {
    const schema = withRules({ n: integer, s: string }, 'self.n > 5');
    assert.deepEqual(causes(schema, { n: 1, s: 'a' }, { n: 1, s: 'a' }), []);
    assert.equal(causes(schema, { n: 1, s: 'b' }, { n: 1, s: 'a' }).length, 1);
  });
});
