import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FieldSet, intersection, isMember, minus, outside, parseFieldSet, pathsOf, union } from './field-set.ts';

const name = fc.constantFrom('f:a', 'f:b', 'f:__proto__', 'f:constructor', 'k:{"name":"x"}', 'v:"y"', 'v:1', 'i:0');
/** A set from the paths of its members, so that a plain Set of strings can say what each operation must give. */
const members = fc.array(fc.array(name, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
const setOf = (paths: string[][]): FieldSet | undefined => {
  if (paths.length === 0) return undefined;
  const root: FieldSet = {};
  for (const path of paths) {
    let node = root;
    for (const step of path) {
      node[step] ??= {};
      node = node[step] as FieldSet;
    }
    node['.'] = {};
  }
  return parseFieldSet(root);
};
const textsOf = (set: FieldSet | undefined, prefix = ''): string[] =>
  Object.entries(set ?? {})
    .filter(([key]) => key !== '.')
    .flatMap(([key, node]) => [
      ...(isMember(node as FieldSet) ? [`${prefix}/${key}`] : []),
      ...textsOf(node as FieldSet, `${prefix}/${key}`),
    ])
    .sort();
const expected = (texts: Iterable<string>) => [...texts].sort();
const plain = (paths: string[][]) => new Set(paths.map((path) => `/${path.join('/')}`));

describe('a field set', () => {
  it('adds, takes away and intersects as sets do, and leaves its arguments alone', () => {
    fc.assert(
      fc.property(members, members, (p, q) => {
        const [a, b] = [setOf(p), setOf(q)];
        const before = JSON.stringify([a, b]);
        const [x, y] = [plain(p), plain(q)];
        assert.deepEqual(textsOf(union(a, b)), expected(x.union(y)));
        assert.deepEqual(textsOf(minus(a, b)), expected(x.difference(y)));
        assert.deepEqual(textsOf(intersection(a, b)), expected(x.intersection(y)));
        const below = [...x].filter((path) => ![...y].some((other) => path === other || path.startsWith(`${other}/`)));
        if (b) assert.deepEqual(textsOf(outside(a, b)), expected(below));
        assert.equal(JSON.stringify([a, b]), before);
      }),
      { numRuns: 300 },
    );
  });
  it('is the same after it was written and read, and has one form for each content', () => {
    fc.assert(
      fc.property(members, (paths) => {
        const set = setOf(paths);
        assert.deepEqual(set && parseFieldSet(JSON.parse(JSON.stringify(set))), set);
        assert.deepEqual(union(set, set), set);
        assert.deepEqual(union(minus(set, undefined), setOf(paths.toReversed())), set);
      }),
      { numRuns: 200 },
    );
  });
  it('answers the same object when nothing changes', () => {
    const set: FieldSet = { 'f:a': { '.': {}, 'f:b': {} } };
    assert.equal(minus(set, { 'f:c': {} }), set);
    assert.equal(union(set, { 'f:a': {} }), set);
    assert.equal(minus(set, undefined), set);
  });
  it('is none when nothing is left', () => {
    assert.equal(minus({ 'f:a': { 'f:b': {} } }, { 'f:a': { 'f:b': {} } }), undefined);
    assert.equal(intersection({ 'f:a': {} }, { 'f:a': { 'f:b': {} } }), undefined);
    assert.equal(parseFieldSet({}), undefined);
    assert.equal(parseFieldSet({ 'x:unknown': {} }), undefined);
  });
  it('writes its fields as people read them, members before what is in them', () => {
    const set = {
      'f:spec': { 'f:a.b/c': {}, 'f:list': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} }, 'v:"x"': {}, 'i:3': {} } },
    };
    assert.deepEqual(pathsOf(set), [
      '.spec.a.b/c',
      '.spec.list[3]',
      '.spec.list[port=80,protocol="TCP"]',
      '.spec.list[="x"]',
      '.spec.list[port=80,protocol="TCP"].name',
    ]);
  });
  it('has one spelling for keys and values', () => {
    const written = { 'k:{"b" : 1.0, "a":"x"}': {}, 'v:"\\u0061"': {} };
    assert.deepEqual(parseFieldSet(written), { 'k:{"a":"x","b":1}': {}, 'v:"a"': {} });
  });
  for (const broken of [
    1,
    null,
    [],
    { 'f:a': null },
    { 'k:[]': {} },
    { 'k:x': {} },
    { 'v:': {} },
    { 'v:[1]': {} },
    { 'k:{"a":{}}': {} },
    { 'i:x': {} },
  ]) {
    it(`refuses ${JSON.stringify(broken)}`, () => assert.throws(() => parseFieldSet(broken as FieldSet), SyntaxError));
  }
});
