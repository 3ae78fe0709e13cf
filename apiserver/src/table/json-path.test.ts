import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from '@river/crds';
import fc from 'fast-check';
import { compileJsonPath, isJsonPath, isSimplePath, setAtSimplePath } from './json-path.ts';

const object: JsonObject = {
  metadata: { name: 'a', labels: { 'river.dev/team': 'blue' }, finalizers: [] },
  spec: { replicas: 3, ports: [{ name: 'http', port: 80 }, { name: 'https', port: 443, tls: true }, { port: 22 }], empty: null, zero: 0 },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Scheduled', status: 'False', reason: 'It (does] not fit' },
    ],
  },
};

describe('a JSON path', () => {
  const cases: [path: string, found: Json[]][] = [
    ['.metadata.name', ['a']],
    ['$.metadata.name', ['a']],
    ['.spec.replicas', [3]],
    ['.spec.zero', [0]],
    ['.spec.empty', [null]],
    ['.spec.nothing', []],
    ['.spec.nothing.below', []],
    ['.spec.replicas.below', []],
    ['.spec.ports.port', []],
    [".metadata.labels['river.dev/team']", ['blue']],
    ['.metadata.labels["river.dev/team"]', ['blue']],
    ['.metadata.labels.river\\.dev/team', ['blue']],
    ['.spec.ports[0].port', [80]],
    ['.spec.ports[-1].port', [22]],
    ['.spec.ports[3].port', []],
    ['.spec.ports[-4].port', []],
    ['.spec.ports[*].port', [80, 443, 22]],
    ['.spec.ports[*].name', ['http', 'https']],
    ['.spec.ports[1:].port', [443, 22]],
    ['.spec.ports[:-1].port', [80, 443]],
    ['.spec.ports[0:1].port', [80]],
    ['.metadata.labels.*', ['blue']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Scheduled')].status", ['False']],
    ['.status.conditions[?(@.type == "Missing")].status', []],
    ['.status.conditions[?(@.type!="Ready")].type', ['Scheduled']],
    ['.status.conditions[?(@.reason=="It (does] not fit")].type', ['Scheduled']],
    ['.spec.ports[?(@.port>79)].port', [80, 443]],
    ['.spec.ports[?(@.port>=80)].port', [80, 443]],
    ['.spec.ports[?(@.port<80)].port', [22]],
    ['.spec.ports[?(@.port<=80)].port', [80, 22]],
    ['.spec.ports[?(@.port=="80")].port', []],
    ['.spec.ports[?(@.tls==true)].port', [443]],
    ['.spec.ports[?(@.tls)].port', [443]],
    ['.spec.ports[?(@.name==@.name)].port', [80, 443]],
    ['.constructor', []],
    ['.metadata.__proto__', []],
    ['.', [object]],
  ];
  for (const [path, found] of cases)
    it(`${path} leads to ${JSON.stringify(found).slice(0, 40)}`, () => assert.deepEqual(compileJsonPath(path)(object), found));

  const refused = [
    '',
    'spec',
    '.spec.',
    '..name',
    '.a[',
    '.a[x]',
    '.a[0',
    '.a[?(@.b==)]',
    '.a[?(@.b=="c)]',
    '.a[?(@.b[?(@.c)])]',
    '.a b',
    `.${'a'.repeat(2000)}`,
  ];
  for (const path of refused) {
    it(`refuses ${path.slice(0, 30)} and then leads nowhere`, () => {
      assert.equal(isJsonPath(path), false);
      assert.deepEqual(compileJsonPath(path)(object), []);
    });
  }

  it('never throws, whatever the path and whatever the value', () => {
    const piece = fc.constantFrom('.a', '.b', '[0]', '[-1]', '[*]', '[1:]', '[?(@.a==1)]', '[?(@.b)]', '.', '[', ']', '@', '"', "'", '\\');
    const path = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(path, fc.jsonValue(), (text, value) => {
        assert.ok(Array.isArray(compileJsonPath(text)(value as Json)));
      }),
    );
  });
});

describe('a plain field path', () => {
  it('has keys only', () => {
    for (const path of ['.spec.replicas', '.status.selector', ".metadata.labels['a.b']"]) assert.ok(isSimplePath(path), path);
    for (const path of ['.', '.spec.ports[0]', '.spec.ports[*]', 'spec', '']) assert.ok(!isSimplePath(path), path);
  });

  it('sets a value and leaves the given object as it was', () => {
    const before = structuredClone(object);
    const after = setAtSimplePath(object, '.spec.replicas', 5);
    assert.deepEqual(after, { ...object, spec: { ...(object.spec as JsonObject), replicas: 5 } });
    assert.deepEqual(object, before);
  });

  it('makes what is missing on the way and replaces what is in it', () => {
    assert.deepEqual(setAtSimplePath({}, '.a.b.c', 1), { a: { b: { c: 1 } } });
    assert.deepEqual(setAtSimplePath({ a: [1] }, '.a.b', 1), { a: { b: 1 } });
  });

  it('sets __proto__ as a field like any other', () => {
    const after = setAtSimplePath({}, '.__proto__.polluted', true);
    assert.equal(JSON.stringify(after), '{"__proto__":{"polluted":true}}');
    assert.equal(({} as JsonObject).polluted, undefined);
  });

  it('reads back what it set', () => {
    const key = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_-]{0,8}$/);
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), fc.integer(), (keys, value) => {
        const path = `.${keys.join('.')}`;
        assert.deepEqual(compileJsonPath(path)(setAtSimplePath(object, path, value)), [value]);
      }),
    );
  });

  it('throws for a path that is not plain', () => {
    assert.throws(() => setAtSimplePath({}, '.a[0]', 1), TypeError);
  });
});
