import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { ApiError } from '@river/crds';
import { decodeBody } from './decode-body.ts';
import { yamlReader } from './yaml-reader.ts';

const yaml = yamlReader();
after(() => yaml.close());
const decode = (text: string, type: string) => decodeBody(new TextEncoder().encode(text), type, { yaml });
const isBadRequest = (pattern: RegExp) => (error: unknown) => ApiError.is(error, 'BadRequest') && pattern.test(error.message);

describe('decodeBody', () => {
  it('reads JSON under every JSON type, and when no type is said', async () => {
    for (const type of ['', 'application/json', 'application/json; charset=utf-8', 'application/merge-patch+json', 'Application/JSON']) {
      assert.deepEqual(await decode('{"a":1}', type), { value: { a: 1 }, duplicates: [], text: '{"a":1}' });
    }
  });

  it('reads YAML, with its merge keys, quoted keys and long integers that fit', async () => {
    const text = 'a: &x {n: 1}\nb:\n  <<: *x\n  m: "2"\nlist:\n- 9007199254740991\n- yes\n1: one\n__proto__: {p: 1}\n';
    const { value } = await decode(text, 'application/yaml');
    assert.deepEqual(
      JSON.stringify(value),
      '{"1":"one","a":{"n":1},"b":{"n":1,"m":"2"},"list":[9007199254740991,"yes"],"__proto__":{"p":1}}',
    );
  });

  it('finds keys that YAML gives twice', async () => {
    assert.deepEqual(await decode('a: 1\nb: {c: 1, c: 2}\na: 3\n', 'application/yaml'), {
      value: { a: 3, b: { c: 2 } },
      duplicates: ['b.c', 'a'],
    });
  });

  it('reads JSON under a YAML type without starting a YAML reader', async () => {
    const closed = { read: () => assert.fail('not needed'), close: async () => undefined };
    const body = new TextEncoder().encode('{"a":1,"a":2}');
    assert.deepEqual(await decodeBody(body, 'application/apply-patch+yaml', { yaml: closed }), {
      value: { a: 2 },
      duplicates: ['a'],
      text: '{"a":1,"a":2}',
    });
  });

  it('reads YAML that only begins like JSON', async () => {
    assert.deepEqual((await decode('{a: 1}', 'application/yaml')).value, { a: 1 });
  });

  const refused: [string, string, RegExp][] = [
    ['a list', '- 1', /must be one object/],
    ['several documents', 'a: 1\n---\nb: 1', /^the body is not valid YAML: /],
    [
      'a broken text, of which it quotes none',
      'password: *hunter2',
      /YAML: Unresolved alias[^:]* at line 1, column 11$|YAML: Unresolved alias[^:]*$/,
    ],
    ['a strange escape, of which it quotes none', 'password: "hunter2\\q"', /^(?!.*hunter2).*YAML: .*at line 1, column \d+$/],
    ['malformed YAML', 'a: [1', /^the body is not valid YAML: /],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefghi'[i]}`)}]`).join('\n')}`,
      /YAML: .*alias/,
    ],
    ['an integer that a double changes', 'spec: {n: 9007199254740993}', /^spec\.n: the number cannot be kept exactly/],
    ['infinity', 'n: .inf', /is not a JSON number/],
    ['deep nesting', `a: ${'['.repeat(600)}${']'.repeat(600)}`, /nested|YAML/],
  ];
  for (const [name, text, message] of refused) {
    it(`refuses YAML with ${name}`, () => assert.rejects(decode(text, 'application/yaml'), isBadRequest(message)));
  }

  it('refuses JSON that is no object, and other media types', async () => {
    await assert.rejects(decode('[]', 'application/json'), isBadRequest(/must be one object/));
    await assert.rejects(decode('{}', 'application/cbor'), (error) => ApiError.is(error, 'UnsupportedMediaType'));
  });

  it('ends a YAML text that takes too long, without blocking, and reads the next', async () => {
    const hasty = yamlReader({ deadlineMs: 1, mostWaiting: 1, memoryMb: 64 });
    await assert.rejects(hasty.read('a: 1'), isBadRequest(/takes longer than 1 ms$/));
    const reader = yamlReader({ deadlineMs: 1000, mostWaiting: 4, memoryMb: 128 });
    const hostile = reader.read('? '.repeat(30_000));
    const next = reader.read('a: 1');
    await assert.rejects(hostile, isBadRequest(/takes longer than|YAML/));
    assert.deepEqual(await next, { json: '{"a":1}', duplicates: [] });
    await reader.close();
  });

  it('refuses more than it can keep waiting', async () => {
    const reader = yamlReader({ deadlineMs: 1000, mostWaiting: 1, memoryMb: 64 });
    const both = [reader.read('a: 1'), reader.read('a: 2')];
    await assert.rejects(reader.read('a: 3'), (error) => ApiError.is(error, 'TooManyRequests'));
    assert.equal((await Promise.all(both)).length, 2);
    await reader.close();
  });
});
