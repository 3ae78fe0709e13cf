import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, type Json, type JsonObject } from '@river/crds';
import fc from 'fast-check';
import { jsonPatch, maxOperations } from './json-patch.ts';

const reasonOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (ApiError.is(error)) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'none';
};

describe('jsonPatch', () => {
  const document = { a: 1, list: [1, 2, 3], o: { x: null, 'a/b': 1, 'm~n': 2 } };
  const fits: [string, Json[], JsonObject][] = [
    ['adds a member', [{ op: 'add', path: '/b', value: { c: [] } }], { ...document, b: { c: [] } }],
    ['replaces a member that add finds', [{ op: 'add', path: '/a', value: 2 }], { ...document, a: 2 }],
    ['adds null', [{ op: 'add', path: '/a', value: null }], { ...document, a: null }],
    ['inserts into a list', [{ op: 'add', path: '/list/1', value: 9 }], { ...document, list: [1, 9, 2, 3] }],
    [
      'appends at the end index and at -',
      [
        { op: 'add', path: '/list/3', value: 4 },
        { op: 'add', path: '/list/-', value: 5 },
      ],
      { ...document, list: [1, 2, 3, 4, 5] },
    ],
    [
      'removes from objects and lists',
      [
        { op: 'remove', path: '/list/0' },
        { op: 'remove', path: '/o' },
      ],
      { a: 1, list: [2, 3] },
    ],
    ['replaces an item', [{ op: 'replace', path: '/list/2', value: [] }], { ...document, list: [1, 2, []] }],
    ['replaces null', [{ op: 'replace', path: '/o/x', value: 1 }], { ...document, o: { ...document.o, x: 1 } }],
    [
      'unescapes ~1 and ~0, once',
      [
        { op: 'replace', path: '/o/a~1b', value: 8 },
        { op: 'replace', path: '/o/m~0n', value: 9 },
      ],
      { ...document, o: { x: null, 'a/b': 8, 'm~n': 9 } },
    ],
    ['moves', [{ op: 'move', from: '/list/0', path: '/first' }], { ...document, list: [2, 3], first: 1 }],
    [
      'copies by value',
      [
        { op: 'copy', from: '/o', path: '/p' },
        { op: 'remove', path: '/p/x' },
      ],
      { ...document, p: { 'a/b': 1, 'm~n': 2 } },
    ],
    ['tests values, objects in any key order', [{ op: 'test', path: '/o', value: { 'm~n': 2, 'a/b': 1, x: null } }], document],
    ['finds null where nothing is', [{ op: 'test', path: '/nothing', value: null }], document],
    ['replaces the whole document', [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
    ['moves a place onto itself', [{ op: 'move', from: '/a', path: '/a' }], document],
    ['does nothing for no operations', [], document],
  ];
  for (const [name, patch, expected] of fits) {
    it(name, () => {
      const before = structuredClone(document);
      assert.deepEqual(jsonPatch(document, patch), expected);
      assert.deepEqual(document, before);
    });
  }

  const misfits: [string, Json[]][] = [
    ['a failed test', [{ op: 'test', path: '/a', value: 2 }]],
    ['a test that tells types apart', [{ op: 'test', path: '/a', value: '1' }]],
    ['removing what is not there', [{ op: 'remove', path: '/nothing' }]],
    ['replacing what is not there', [{ op: 'replace', path: '/nothing', value: 1 }]],
    ['adding under what is not there', [{ op: 'add', path: '/nothing/x', value: 1 }]],
    ['adding under a scalar', [{ op: 'add', path: '/a/x', value: 1 }]],
    ['inserting past the end', [{ op: 'add', path: '/list/4', value: 1 }]],
    ['indices with leading zeros', [{ op: 'add', path: '/list/01', value: 1 }]],
    ['negative indices', [{ op: 'remove', path: '/list/-1' }]],
    ['removing the end', [{ op: 'remove', path: '/list/-' }]],
    ['moving into itself', [{ op: 'move', from: '/o', path: '/o/y' }]],
    ['copying what is not there', [{ op: 'copy', from: '/nothing', path: '/b' }]],
    ['leaving no object', [{ op: 'replace', path: '', value: [] }]],
    ['reaching inherited names', [{ op: 'add', path: '/constructor/prototype/x', value: 1 }]],
    ['reaching the prototype', [{ op: 'add', path: '/__proto__/x', value: 1 }]],
  ];
  for (const [name, patch] of misfits) {
    it(`answers Invalid to ${name}`, () =>
      assert.match(
        reasonOf(() => jsonPatch(document, patch)),
        /^Invalid: the server rejected our request due to an error in our request: /,
      ));
  }

  const malformed: [string, Json][] = [
    ['no list', {}],
    ['an operation that is no object', [1]],
    ['an unknown operation', [{ op: 'merge', path: '/a' }]],
    ['a path that is no pointer', [{ op: 'remove', path: 'a' }]],
    ['no path', [{ op: 'remove' }]],
    ['no from', [{ op: 'move', path: '/a' }]],
    ['no value', [{ op: 'add', path: '/a' }]],
  ];
  for (const [name, patch] of malformed)
    it(`answers BadRequest to ${name}`, () =>
      assert.match(
        reasonOf(() => jsonPatch(document, patch)),
        /^BadRequest/,
      ));

  it('refuses too many operations before it does any', () => {
    const patch = Array.from({ length: maxOperations + 1 }, () => ({ op: 'test', path: '/a', value: 1 }));
    assert.equal(
      reasonOf(() => jsonPatch(document, patch)),
      `RequestEntityTooLarge: The allowed maximum operations in a JSON patch is 10000, got 10001`,
    );
    assert.deepEqual(jsonPatch(document, patch.slice(1)), document);
  });

  it('refuses copies that would double the document again and again', () => {
    const patch = Array.from({ length: 60 }, (_, n) => ({ op: 'copy', from: '', path: `/c${n}` }));
    assert.match(
      reasonOf(() => jsonPatch(document, patch)),
      /copy operations add/,
    );
  });

  it('refuses to move long lists again and again', () => {
    const long = { list: Array.from({ length: 50_000 }, () => 0) };
    const patch = Array.from({ length: maxOperations }, () => ({ op: 'add', path: '/list/0', value: 1 }));
    assert.match(
      reasonOf(() => jsonPatch(long, patch)),
      /too many items/,
    );
  });

  it('refuses to nest deeper than a document may, however it is done', () => {
    const nest = [
      { op: 'add', path: '/t', value: {} },
      { op: 'move', from: '/a', path: '/t/x' },
      { op: 'move', from: '/t', path: '/a' },
    ];
    const patch = Array.from({ length: 3_000 }, () => nest).flat();
    assert.match(
      reasonOf(() => jsonPatch({ a: {} }, patch)),
      /nests deeper than 1000/,
    );
    const last = [{ op: 'copy', from: '/a', path: '/b' }];
    assert.match(
      reasonOf(() => jsonPatch({ a: {} }, [...patch, ...last])),
      /nests deeper|copy operations/,
    );
  });

  it('sets names that JavaScript objects inherit as plain data', () => {
    const result = jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { x: 1 } }]);
    assert.equal(JSON.stringify(result), '{"__proto__":{"x":1}}');
    assert.equal(result.x, undefined);
  });

  it('undoes an add with a remove, whatever the name', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.jsonValue(), (base, name, value) => {
        const before = JSON.parse(JSON.stringify({ base }));
        const path = `/new${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const operations = [
          { op: 'add', path, value },
          { op: 'test', path, value },
          { op: 'remove', path },
        ] as Json;
        assert.deepEqual(jsonPatch(before, JSON.parse(JSON.stringify(operations))), before);
      }),
      { numRuns: 100 },
    );
  });
});
