import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CelRule, StructuralSchema } from '@river/crds';
import { checkRules } from './check-rules.ts';

const string: StructuralSchema = { type: 'string' };
const properties: Record<string, StructuralSchema> = {
  n: { type: 'integer' },
  s: string,
  short: { type: 'string', maxLength: 64 },
  list: { type: 'array', items: { type: 'object', properties: { a: { type: 'array', items: string } } } },
  few: { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 32 } },
};
const check = (rule: CelRule | string) =>
  checkRules({ type: 'object', properties, 'x-kubernetes-validations': [typeof rule === 'string' ? { rule } : rule] });

const problem = (rule: CelRule | string, path: string, message: RegExp) => {
  const problems = check(rule);
  assert.ok(
    problems.some((found) => found.path === `x-kubernetes-validations[0].${path}` && message.test(found.message)),
    JSON.stringify(problems),
  );
};

describe('the check of a CRD’s rules', () => {
  it('accepts honest rules', () => {
    for (const rule of [
      'self.n > 0',
      'self.few.all(x, x.size() > 2)',
      "self.short.matches('^[a-z]+$')",
      'self.n == oldSelf.n',
      "!has(self.s) || self.s != ''",
    ]) {
      assert.deepEqual(check(rule), [], rule);
    }
    assert.deepEqual(checkRules({ type: 'object', properties }), []);
  });

  it('refuses what does not parse or does not fit the declared types', () => {
    problem('self.n >', 'rule', /Syntax error/);
    problem('self.nope == 1', 'rule', /undefined field 'nope'/);
    problem('nope == 1', 'rule', /undeclared reference/);
    problem('self.n.foo()', 'rule', /undeclared reference to 'foo'/);
    problem('self.n == self.s', 'rule', /no matching overload/);
    problem('self.n + 1', 'rule', /must evaluate to bool/);
    problem("self.s.matches('(')", 'rule', /missing closing/);
    problem({ rule: 'true', messageExpression: 'self.n' }, 'messageExpression', /must evaluate to string/);
    problem({ rule: 'true', messageExpression: 'self.(' }, 'messageExpression', /Syntax error/);
  });

  it('refuses bad texts, reasons and field paths', () => {
    problem('  ', 'rule', /not specified/);
    problem({ rule: 'true', message: '  ' }, 'message', /non-empty/);
    problem({ rule: 'true', message: 'a\nb' }, 'message', /line breaks/);
    problem('true\n&& true', 'message', /must be specified/);
    problem({ rule: 'true', messageExpression: ' ' }, 'messageExpression', /non-empty/);
    problem({ rule: 'true', reason: 'Nope' as 'FieldValueInvalid' }, 'reason', /Unsupported value/);
    problem({ rule: 'true', fieldPath: '.nope' }, 'fieldPath', /valid path/);
    problem({ rule: 'true', fieldPath: 'n' }, 'fieldPath', /valid path/);
    problem({ rule: 'true', optionalOldSelf: true }, 'optionalOldSelf', /only be set/);
  });

  it('refuses rules that cost too much over unbounded values, and says what to bound', () => {
    problem(
      'self.list.all(x, x.a.all(y, y.contains(self.s)))',
      'rule',
      /exceeds budget by factor of more than 100x .*maxItems, maxProperties, and maxLength/,
    );
    problem(`self.s.matches('^(a+)+${'.'.repeat(150)}')`, 'rule', /exceeds budget by factor of 1\.\d{6}x/);
    assert.deepEqual(check('self.list.all(x, true)'), []);
  });

  it('counts how often a rule runs: in an unbounded list, and in the sum over the schema', () => {
    const item = (rule: string): StructuralSchema => ({ type: 'string', maxLength: 1000, 'x-kubernetes-validations': [{ rule }] });
    const inList = (maxItems?: number): StructuralSchema => ({
      type: 'object',
      properties: { l: { type: 'array', items: item("self.contains('abcdefghij')"), ...(maxItems && { maxItems }) } },
    });
    assert.deepEqual(checkRules(inList(100)), []);
    assert.equal(checkRules(inList())[0]?.path, 'properties[l].items.x-kubernetes-validations[0].rule');
    const many: StructuralSchema = {
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: 30 }, (_, index) => [
          `p${index}`,
          { type: 'array', maxItems: 10_000, items: item("self.contains('abcdefghij')") },
        ]),
      ),
    };
    const problems = checkRules(many);
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.message ?? '', /all rules of the schema exceeds budget/);
  });

  it('refuses transition rules where no old value can be found', () => {
    const list = (type: 'atomic' | 'set' | 'map', extra: Partial<CelRule> = {}): StructuralSchema => ({
      type: 'object',
      properties: {
        l: {
          type: 'array',
          maxItems: 5,
          'x-kubernetes-list-type': type,
          items: {
            type: 'object',
            properties: {
              v: {
                type: 'integer',
                'x-kubernetes-validations': [{ rule: extra.optionalOldSelf ? 'oldSelf.hasValue()' : 'self == oldSelf', ...extra }],
              },
            },
          },
        },
      },
    });
    assert.match(checkRules(list('atomic'))[0]?.message ?? '', /cannot be correlated with their old values within properties\[l\]/);
    assert.equal(checkRules(list('set')).length, 1);
    assert.deepEqual(checkRules(list('map')), []);
    assert.deepEqual(checkRules(list('atomic', { optionalOldSelf: true })), []);
  });

  it('refuses rules outside the structural part, and on metadata', () => {
    const rules = { 'x-kubernetes-validations': [{ rule: 'true' }] };
    assert.match(checkRules({ type: 'object', anyOf: [rules] })[0]?.message ?? '', /structural/);
    assert.match(checkRules({ type: 'object', properties: { metadata: { type: 'object', ...rules } } })[0]?.message ?? '', /metadata/);
    assert.match(
      checkRules({ type: 'object', properties: { x: { 'x-kubernetes-preserve-unknown-fields': true, ...rules } } })[0]?.message ?? '',
      /type/,
    );
  });
});
