import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cause, Json, JsonObject, StructuralSchema } from '@river/crds';
import fc from 'fast-check';
import { checkCrd } from './check-crd.ts';
import { compilePattern } from './compile-pattern.ts';
import { compileSchema } from './compile-schema.ts';
import { stringFormats } from './formats.ts';
import { validateMetadata } from './validate-metadata.ts';

const size = 1_400_000;
const text: StructuralSchema = { type: 'string' };
const list = (items: StructuralSchema, more: StructuralSchema = {}): StructuralSchema => ({ type: 'array', items, ...more });
/** Milliseconds of processor time, which other work on the machine does not stretch much; the best of three. */
const fastest = (work: () => void): number => {
  const times = [1, 2, 3].map(() => {
    const start = process.cpuUsage();
    work();
    return process.cpuUsage(start).user / 1000;
  });
  return Math.min(...times);
};

describe('hostile objects', () => {
  const keyed = list(
    { type: 'object', properties: { n: text }, required: ['n'] },
    { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] },
  );
  const many = (count: number, item: (at: number) => Json): Json[] => Array.from({ length: count }, (_, at) => item(at));
  const cases: [string, StructuralSchema, () => Json][] = [
    ['a long text against a pattern', { type: 'string', pattern: '^(a+)+$', maxLength: 63 }, () => `${'a'.repeat(size)}!`],
    [
      'a long text against a bounded subdomain pattern',
      { type: 'string', pattern: '^([a-z0-9]+\\.)*[a-z]+$', maxLength: 253 },
      () => 'a.'.repeat(126),
    ],
    ['many items of the wrong type', list(text), () => many(size / 2, () => 1)],
    [
      'many unknown fields',
      { type: 'object', properties: { a: text } },
      () => Object.fromEntries(many(150_000, (at) => at).map((at) => [`k${at}`, 1])),
    ],
    ['a big set', list(text, { 'x-kubernetes-list-type': 'set' }), () => many(140_000, (at) => `k${at}`)],
    ['a set of one', list(text, { 'x-kubernetes-list-type': 'set' }), () => many(350_000, () => 'a')],
    ['a big keyed list', keyed, () => many(100_000, (at) => ({ n: `${at}` }))],
    ['a keyed list of one', keyed, () => many(100_000, () => ({ n: 'a' }))],
    ['keyed items without keys', keyed, () => many(size / 3, () => ({}))],
    [
      'many empty objects to fill in',
      list({ type: 'object', properties: { a: { type: 'integer', default: 1 } } }),
      () => many(100_000, () => ({})),
    ],
  ];
  for (const [name, spec, make] of cases) {
    it(`judges ${name} quickly`, (t) => {
      const compiled = compileSchema({ type: 'object', properties: { spec } });
      const objects: JsonObject[] = many(3, () => ({ spec: make() })) as JsonObject[];
      const old: JsonObject = { spec: make() };
      const create = fastest(() => {
        const object = objects.pop() as JsonObject;
        compiled.prune(object);
        compiled.applyDefaults(object);
        compiled.validate(object);
      });
      const update = fastest(() => compiled.validate({ spec: make() }, old));
      t.diagnostic(`create ${create.toFixed(1)} ms, update ${update.toFixed(1)} ms`);
      assert.ok(create < 300 && update < 600, `create ${create} ms, update ${update} ms`);
    });
  }
});

describe('hostile metadata and definitions', () => {
  const entries = Object.fromEntries(Array.from({ length: 150_000 }, (_, at) => [`?${at}`, '?']));
  const identity = { name: 'x', namespace: 'x' };
  const rules = { namespaced: true, nameRule: 'subdomain' } as const;
  const crd = (schema: Json): JsonObject => ({
    metadata: { name: 'as.b.c' },
    spec: {
      group: 'b.c',
      names: { plural: 'as', kind: 'A' },
      scope: 'Cluster',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
  const broad = (property: Json): Json => ({
    type: 'object',
    properties: Object.fromEntries(Object.keys(entries).map((key) => [key, property])),
  });
  const deep = (inner: Json): Json => {
    let schema = inner;
    for (let level = 0; level < 200; level++) schema = { type: 'object', properties: { a: schema } };
    return schema;
  };
  const [untyped, misshapen] = [crd(broad({})), crd(broad(1))];
  const [deepUntyped, deepMisshapen] = [crd(deep(broad({}))), crd(deep(broad({ type: 1 })))];
  const cases: [string, () => Cause[]][] = [
    ['labels', () => validateMetadata({ ...identity, labels: entries }, rules)],
    ['annotations', () => validateMetadata({ ...identity, annotations: entries }, rules)],
    ['finalizers', () => validateMetadata({ ...identity, finalizers: Object.keys(entries) }, rules)],
    ['owners', () => validateMetadata({ ...identity, ownerReferences: Object.keys(entries).map((name) => ({ name })) }, rules)],
    ['properties without type', () => checkCrd(untyped, undefined, () => [])],
    ['misshapen properties', () => checkCrd(misshapen, undefined, () => [])],
    ['faults deep inside', () => checkCrd(deepUntyped, undefined, () => [])],
    ['misshapen parts deep inside', () => checkCrd(deepMisshapen, undefined, () => [])],
  ];
  for (const [name, judge] of cases) {
    it(`names a bounded number of faults in 150,000 ${name}`, (t) => {
      let causes: Cause[] = [];
      const took = fastest(() => {
        causes = judge();
      });
      t.diagnostic(`${took.toFixed(1)} ms`);
      assert.ok(causes.length > 0 && causes.length <= 100 && took < 600, `${causes.length} causes in ${took} ms`);
    });
  }
});

describe('patterns', () => {
  const hostile = ['^(a+)+$', '(x+x+)+y', '^(a|a)*$', '^[a-z]*[a-z]*[a-z]*$', 'a*a*a*b', '^a?a?a?a?a?a?a?a?a?a?$', '^(a{0,9}){0,9}$'];
  for (const pattern of hostile) {
    it(`match ${pattern} in time that no text can stretch`, () => {
      const matches = compilePattern(pattern);
      for (const length of [30, 300, 3000]) assert.ok(fastest(() => matches(`${'a'.repeat(length)}!`)) < 20);
    });
  }

  const attempt = (match: () => boolean): boolean | undefined => {
    try {
      return match();
    } catch {
      return undefined;
    }
  };

  it('mean the same to both engines wherever the native one is used', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '1',
      '-',
      '.',
      '[a-c]',
      '[^a]',
      '[a-z0-9-]',
      '\\d',
      '\\w',
      '\\.',
      '[\\w.-]',
      '(a)',
      '(?:ab)',
      '(a|b)',
      '^',
      '$',
    );
    const part = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{2,}')).map((pair) => pair.join(''));
    const pattern = fc
      .tuple(fc.constantFrom('', '^'), fc.array(part, { maxLength: 5 }), fc.constantFrom('', '$'))
      .map(([start, parts, end]) => start + parts.join('') + end);
    const subject = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-', '.', '\n', 'é'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, subject, (source, sample) => {
        const [ours, theirs] = [attempt(() => compilePattern(source)(sample)), attempt(() => new RegExp(source, 'u').test(sample))];
        if (ours !== undefined && theirs !== undefined) assert.equal(ours, theirs);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formats', () => {
  const table: [string, string[], string[]][] = [
    ['date', ['2024-02-29', '0001-01-01'], ['2023-02-29', '2024-13-01', '2024-1-1', '2024-00-10', '']],
    [
      'date-time',
      ['2024-01-01T00:00:00Z', '2024-01-01t23:59:59.123456+01:00'],
      ['2024-01-01', '2024-01-01T24:00:00Z', '2024-01-01 00:00:00Z', '2024-01-01T00:00:00'],
    ],
    ['duration', ['1h30m', '1.5s', '0', '-2ms', '5 days', '1w'], ['1', 'x', '', '1 parsec']],
    ['byte', ['', 'aGVsbG8=', 'YQ=='], ['a', 'aGVsbG8', '****']],
    [
      'uuid',
      ['123e4567-e89b-12d3-a456-426614174000', '123E4567E89B12D3A456426614174000'],
      ['123e4567', 'g23e4567-e89b-12d3-a456-426614174000'],
    ],
    ['ipv4', ['10.0.0.1'], ['10.0.0.256', '10.0.0.01', '::1', '10.0.0']],
    ['ipv6', ['::1', 'fe80::1', '::ffff:10.0.0.1'], ['fe80::1%eth0', '10.0.0.1', ':::']],
    ['cidr', ['10.0.0.0/8', 'fd00::/64'], ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/08', '/8']],
    ['mac', ['00:11:22:aa:bb:cc', '00-11-22-aa-bb-cc', '0011.22aa.bbcc'], ['00:11:22:aa:bb', '00:11-22:aa:bb:cc', 'x']],
    ['uri', ['https://a.example/b?c#d', 'urn:x', '/path'], ['a b', 'example.com/x', '', 'http://a/%zz']],
    ['email', ['a@b.example', 'Ann <a.b+c@d.example>', '"a b"@c.d'], ['a', '@b', 'a@', 'a..b@c.d', 'a b@c.d']],
    ['hostname', ['example.com', 'a-b.c', 'bücher.example'], ['-a.b', 'a..b', 'a_b', '']],
  ];
  for (const [format, good, bad] of table) {
    it(`tell a ${format} from what is none`, () => {
      const holds = stringFormats.get(format);
      assert.deepEqual(
        good.filter((sample) => !holds?.(sample)),
        [],
      );
      assert.deepEqual(
        bad.filter((sample) => holds?.(sample)),
        [],
      );
    });
  }

  it('are judged in time that no text can stretch', () => {
    for (const [format, holds] of stringFormats) {
      for (const unit of ['a', '1', '-', 'a.', '1:', 'a@', '%41', '0s', ' ']) {
        const took = fastest(() => void holds(unit.repeat(size / unit.length)));
        assert.ok(took < 60, `${format} on ${unit}: ${took} ms`);
      }
    }
  });
});
