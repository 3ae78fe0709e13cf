import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject, StructuralSchema } from '@river/crds';
import fc from 'fast-check';
import {
  Budget,
  BudgetExceeded,
  bindJson,
  CelError,
  CelSyntaxError,
  checkRules,
  compileExpression,
  compileRules,
  createEnvironment,
  defaultLimits,
  dyn,
  Frame,
} from './index.ts';

const environment = createEnvironment();
const clock = () => performance.now();

/** By the thread's own CPU time, so that a busy machine does not count. */
const timed = <T>(work: () => T): { result: T; ms: number } => {
  const before = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(before);
  return { result, ms: (user + system) / 1000 };
};

const numbers: StructuralSchema = { type: 'array', items: { type: 'integer' } };
const validate = (properties: Record<string, StructuralSchema>, rule: string, object: JsonObject) => {
  const rules = compileRules({ type: 'object', properties, 'x-kubernetes-validations': [{ rule }] }, { environment });
  rules.validate({}, undefined); // parses and checks the rule
  const { result, ms } = timed(() => rules.validate(object, undefined));
  return { causes: result.causes, ms };
};
const count = (length: number) => Array.from({ length }, (_, index) => index);

/** Bombs: each must end, with a cause, before a request would be felt by others. */
const doubling = Array.from({ length: 80 }, (_, n) => `cel.bind(x${n + 1}, {x${n}: x${n}}, `).join('');

const bombs: [name: string, properties: Record<string, StructuralSchema>, rule: string, object: JsonObject][] = [
  ['300³ nested rounds', { l: numbers }, 'self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))', { l: count(300) }],
  ['errors that are absorbed in every round', { l: numbers }, 'self.l.all(a, self.l.all(b, 1 / 0 == 1 || true))', { l: count(3000) }],
  ['comparing long lists with each other', { l: numbers }, 'self.l.all(a, self.l == self.l.map(x, x))', { l: count(3000) }],
  [
    'strings that double',
    { s: { type: 'string' } },
    '[1, 2, 3, 4, 5, 6, 7, 8].all(x, cel.bind(a, self.s + self.s, cel.bind(b, a + a + a + a, cel.bind(c, b + b + b + b, c + c + c + c != a))))',
    { s: 'a'.repeat(100_000) },
  ],
  ['a replacement that multiplies', { s: { type: 'string' } }, "self.s.replace('a', self.s) != ''", { s: 'a'.repeat(100_000) }],
  [
    'a join that multiplies',
    { s: { type: 'string' }, l: { type: 'array', items: { type: 'string' } } },
    "self.l.join(self.s) != ''",
    { s: 'a'.repeat(100_000), l: count(5000).map(String) },
  ],
  [
    'lists that double',
    { l: numbers },
    '[1, 2, 3, 4, 5, 6, 7, 8, 9].all(x, cel.bind(a, self.l + self.l + self.l + self.l, cel.bind(b, a + a + a + a, cel.bind(c, b + b + b + b, (c + c + c + c).all(y, y >= 0)))))',
    { l: count(100_000) },
  ],
  ['a pattern over a megabyte', { s: { type: 'string' } }, "self.s.matches('^(a+)+$')", { s: `${'a'.repeat(1_000_000)}b` }],
  ['a pattern with many states', { s: { type: 'string' } }, "self.s.matches('(a|b)*a(a|b){300}c')", { s: 'ab'.repeat(50_000) }],
  [
    'many matches of a pattern',
    { s: { type: 'string' } },
    "self.s.findAll('a').size() > self.s.findAll('.*?b|a').size()",
    { s: 'a'.repeat(30_000) },
  ],
  [
    'many new patterns',
    { l: { type: 'array', items: { type: 'string' } } },
    "self.l.all(x, !'b'.matches(x + '[a-z]{500}'))",
    { l: count(20_000).map((n) => `a${n}`) },
  ],
];

describe('no rule holds the thread', () => {
  for (const [name, properties, rule, object] of bombs) {
    it(`stops ${name}`, () => {
      const { causes, ms } = validate(properties, rule, object);
      assert.equal(causes.length, 1);
      assert.match(causes[0]?.message ?? '', /cost/);
      assert.ok(ms < 60, `${ms} ms`);
    });
  }

  it('refuses rules that take too long to check', () => {
    const patterns = count(3000)
      .map((n) => `'a'.matches('${n}\\\\pL{100}')`)
      .join(' || ');
    const schema: StructuralSchema = { type: 'object', 'x-kubernetes-validations': [{ rule: patterns }] };
    let nowMs = 0;
    const [slow] = checkRules(schema, environment, () => (nowMs += 5));
    assert.match(slow?.message ?? '', /too large to be checked/);
    const { ms } = timed(() => checkRules(schema, environment));
    assert.ok(ms < 400, `${ms} ms`);
  });

  it('refuses types that double with each step, before it walks them', () => {
    const text = `cel.bind(x0, {1: 1}, ${doubling}x80 == x80${')'.repeat(81)}`;
    const { ms } = timed(() => assert.throws(() => compileExpression(text, environment, new Map()), CelSyntaxError));
    assert.ok(ms < 50, `${ms} ms`);
  });

  it('matches a pattern that ruins a backtracking engine, over 10,000 characters, in milliseconds', () => {
    const { causes, ms } = validate({ s: { type: 'string' } }, "!self.s.matches('^(a+)+$')", { s: `${'a'.repeat(10_000)}b` });
    assert.deepEqual(causes, []);
    assert.ok(ms < 40, `${ms} ms`);
  });

  it('gives each rule its own limit, and all of them together one budget', () => {
    const heavy = { rule: 'self.l.all(a, self.l.all(b, a + b >= 0))' };
    const rules = compileRules(
      { type: 'object', properties: { l: numbers }, 'x-kubernetes-validations': Array(8).fill(heavy) },
      { environment, clock: () => 0, limits: { perCall: 100_000, perRequest: 350_000 } },
    );
    const { causes } = rules.validate({ l: count(1000) }, undefined);
    assert.equal(causes.filter(({ message }) => message.includes('call cost limit')).length, 3);
    assert.match(causes.at(-1)?.message ?? '', /no further rules are run/);
    assert.equal(causes.length, 4);
  });

  it('stops by the clock when cost does not', () => {
    let now = 0;
    const rules = compileRules(
      { type: 'object', properties: { l: numbers }, 'x-kubernetes-validations': [{ rule: 'self.l.all(a, a >= 0)' }] },
      { environment, clock: () => (now += 15) },
    );
    assert.match(rules.validate({ l: count(50_000) }, undefined).causes[0]?.message ?? '', /took longer than 20 ms/);
    assert.deepEqual(rules.validate({ l: count(100) }, undefined).causes, []);
  });

  it('validates a simple rule on an object of fifty fields in microseconds', () => {
    const fields = Object.fromEntries(count(50).map((n): [string, StructuralSchema] => [`f${n}`, { type: 'string' }]));
    const spec: StructuralSchema = {
      type: 'object',
      properties: { ...fields, min: { type: 'integer' }, max: { type: 'integer' } },
      'x-kubernetes-validations': [{ rule: 'self.min <= self.max' }],
    };
    const rules = compileRules({ type: 'object', properties: { spec } }, { environment });
    const object = { spec: { ...Object.fromEntries(count(50).map((n) => [`f${n}`, `value ${n}`])), min: 1, max: 2 } };
    const rounds = 20_000;
    const perRound = () =>
      (timed(() => {
        for (let round = 0; round < rounds; round++) rules.validate(object, undefined);
      }).ms /
        rounds) *
      1000;
    const best = Math.min(...count(5).map(perRound));
    assert.ok(best < 5, `${best} µs`);
  });
});

const { source } = fc.letrec<{ source: string }>((tie) => ({
  source: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(
      '1',
      '0',
      '-3',
      '2.5',
      '3u',
      "'ab'",
      "'a*'",
      'true',
      'false',
      'null',
      'o.n',
      'o.s',
      'o.l',
      'o.m',
      'o.zz',
      '[]',
      '{}',
      "b'x'",
      'x',
      'int',
      "duration('1h')",
      "quantity('1Gi')",
    ),
    fc
      .tuple(tie('source'), fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', 'in', '&&', '||'), tie('source'))
      .map((parts) => `(${parts.join(' ')})`),
    fc
      .tuple(tie('source'), fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter'), tie('source'))
      .map(([range, macro, step]) => `${range}.${macro}(x, ${step})`),
    fc
      .tuple(
        tie('source'),
        fc.constantFrom(
          'size',
          'sum',
          'min',
          'trim',
          'flatten',
          'sort',
          'reverse',
          'isSorted',
          'lowerAscii',
          'orValue',
          'getHours',
          'asInteger',
        ),
      )
      .map(([target, name]) => `${target}.${name}()`),
    fc
      .tuple(
        tie('source'),
        fc.constantFrom('matches', 'split', 'contains', 'find', 'findAll', 'indexOf', 'join', 'format', 'charAt', 'orValue', 'add'),
        tie('source'),
      )
      .map(([target, name, arg]) => `${target}.${name}(${arg})`),
    fc
      .tuple(
        fc.constantFrom(
          'int',
          'string',
          'double',
          'bytes',
          'size',
          'type',
          'dyn',
          'ip',
          'cidr',
          'url',
          'semver',
          'timestamp',
          'duration',
          'optional.of',
          'math.greatest',
        ),
        tie('source'),
      )
      .map(([name, arg]) => `${name}(${arg})`),
    fc.tuple(tie('source'), tie('source')).map(([target, index]) => `${target}[${index}]`),
    fc.tuple(tie('source'), tie('source'), tie('source')).map(([test, a, b]) => `(${test} ? ${a} : ${b})`),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => `[${a}, ?${b}, ${a}]`),
    fc.tuple(tie('source'), tie('source')).map(([value, body]) => `cel.bind(x, ${value}, ${body})`),
  ),
}));

const values = bindJson({ n: 7, s: 'a'.repeat(2000), l: count(200), m: { a: 1, b: [1, 2] } });

const evaluate = (text: string): void => {
  try {
    compileExpression(
      text,
      environment,
      new Map([
        ['o', dyn],
        ['x', dyn],
      ]),
    ).run(new Frame([values, 1n], new Budget(defaultLimits, clock), environment));
  } catch (error) {
    if (!(error instanceof CelError || error instanceof CelSyntaxError || error instanceof BudgetExceeded)) throw error;
  }
};

describe('any text', () => {
  it('that looks like an expression ends in a value or in a typed error, soon', () => {
    fc.assert(
      fc.property(source, (text) => {
        const { ms } = timed(() => evaluate(text));
        assert.ok(ms < 50, `${ms} ms: ${text}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('at all ends in a value or in a typed error, soon', () => {
    const noise = fc
      .array(
        fc.constantFrom(
          '(',
          ')',
          '[',
          ']',
          '{',
          '}',
          '.',
          '?',
          ':',
          ',',
          '"',
          "'",
          '\\',
          'o',
          'x',
          '1',
          '.5',
          '-',
          '!',
          '&&',
          '||',
          'in',
          'has',
          'all',
          '\n',
          '//',
          'b"',
          'r',
          '`',
          '😀',
          '0x',
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(noise, fc.string({ unit: 'binary' })), (text) => {
        const { ms } = timed(() => evaluate(text));
        assert.ok(ms < 50, `${ms} ms: ${text}`);
      }),
      { numRuns: 3000 },
    );
  });
});
