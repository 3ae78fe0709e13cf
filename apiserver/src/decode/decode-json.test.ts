import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, type Json } from '@river/crds';
import fc from 'fast-check';
import { decodeJson, deepestBody } from './decode-json.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (text: string) => decodeJson(bytes(text));
const refusal = (body: Uint8Array | string): string => {
  try {
    decodeJson(typeof body === 'string' ? bytes(body) : body);
  } catch (error) {
    assert.ok(ApiError.is(error, 'BadRequest'), String(error));
    return error.message;
  }
  return '';
};

describe('decodeJson', () => {
  it('gives what JSON says, and skips a byte order mark', () => {
    const text = '{"a":[1,"x",null,true,{"b":"c:d{"}]}';
    assert.deepEqual(decode(text), { value: { a: [1, 'x', null, true, { b: 'c:d{' }] }, duplicates: [], text });
    assert.deepEqual(decode('\ufeff{}'), { value: {}, duplicates: [], text: '{}' });
  });

  const duplicates: [string, string[]][] = [
    ['{"a":1,"a":2}', ['a']],
    ['{"a":1,"b":{"a":1}}', []],
    ['{"spec":{"x":1,"y":2,"x":3}}', ['spec.x']],
    ['{"spec":{"list":[{},{"x":1,"x":1,"x":1}]}}', ['spec.list[1].x']],
    ['{"\\u0061":1,"a":2}', ['a']],
    ['{"a\\"":1,"b":[],"a\\"":[{"c":0}]}', ['a"']],
    ['{"a":{"b":1},"a":{"b":2,"b":3}}', ['a', 'a.b']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['{ "a" : [ 1 , 2 ] , "c" : ",:{" , "a" : "a" }', ['a']],
  ];
  for (const [text, expected] of duplicates) {
    it(`finds ${expected.length} duplicate(s) in ${text}`, () => {
      assert.deepEqual([...decode(text).duplicates].sort(), [...expected].sort());
      assert.deepEqual(decode(text).value, JSON.parse(text));
    });
  }

  const refused: [string, Uint8Array | string, RegExp][] = [
    ['an empty body', '', /^the body is empty$/],
    ['blank bytes', ' \n\t', /^the body is empty$/],
    ['invalid UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /^the body is not valid UTF-8$/],
    ['trailing garbage', '{} x', /^the body is not valid JSON: /],
    ['two values', '{}{}', /^the body is not valid JSON: /],
    ['a truncated string', '{"a":"b', /^the body is not valid JSON: /],
    ['NaN', '{"a":NaN}', /^the body is not valid JSON: /],
    ['words, of which it quotes none', '{"password": hunter2}', /^the body is not valid JSON: Unexpected token 'h'$/],
    ['an integer that a double changes', '{"spec":{"n":[0,9007199254740993]}}', /^spec\.n\[1\]: the number cannot be kept exactly/],
    ['a negative one', '{"n":-9223372036854775807}', /^n: the number cannot/],
    ['a number out of range', '{"n":1e400}', /^n: the number cannot/],
    ['a huge number', `{"n":${'9'.repeat(1_400_000)}}`, /^n: the number cannot/],
    ['one bracket too many', '['.repeat(deepestBody + 1) + ']'.repeat(deepestBody + 1), /^the body is nested deeper than 512 levels$/],
  ];
  for (const [name, body, message] of refused) it(`refuses ${name}`, () => assert.match(refusal(body), message));

  it('takes large numbers that a double keeps, and fractions', () => {
    const text = '{"a":9007199254740991,"b":1000000000000000000,"c":1e30,"d":0.1234567890123456789,"e":-0.5}';
    assert.deepEqual(decode(text).value, JSON.parse(text));
  });

  it('takes the deepest body that it promises', () => {
    assert.doesNotThrow(() => decode('['.repeat(deepestBody) + ']'.repeat(deepestBody)));
  });

  it('keeps __proto__ and constructor as plain data', () => {
    const { value } = decode('{"__proto__":{"admin":true},"constructor":{"prototype":1}}');
    assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor']);
    assert.equal(({} as { admin?: boolean }).admin, undefined);
  });

  it('agrees with JSON.parse on any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, space) => {
        const text = JSON.stringify(value, null, space);
        assert.deepEqual(decode(text), { value: JSON.parse(text) as Json, duplicates: [], text });
      }),
      { numRuns: 500 },
    );
  });

  it('answers any bytes with a value or a BadRequest', () => {
    const tokens = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"a"',
        '"',
        '\\',
        '1',
        '-',
        '1e9',
        '99999999999999999999',
        'null',
        ' ',
        '\u00e9',
        '\u0000',
      ),
    );
    const any = fc.oneof(
      fc.uint8Array(),
      tokens.map((all) => bytes(all.join(''))),
    );
    fc.assert(
      fc.property(any, (body) => void refusal(body)),
      { numRuns: 2000 },
    );
  });
});

describe('hostile bodies', () => {
  const size = 1_404_000;
  const hostile: [string, string][] = [
    ['nested brackets', '['.repeat(size / 2) + ']'.repeat(size / 2)],
    ['nested objects', '{"a":'.repeat(size / 5)],
    [
      'one key, again and again',
      `{${Array(size / 6)
        .fill('"a":1')
        .join(',')}}`,
    ],
    ['duplicates deep inside', `${'{"aaaaaaaaaa":'.repeat(400)}{${Array(200_000).fill('"a":1').join(',')}}${'}'.repeat(400)}`],
    ['duplicated objects of duplicates', `{${Array(70_000).fill('"a":{"b":1,"b":1}').join(',')}}`],
    [
      'huge numbers',
      `[${Array(size / 26)
        .fill('9'.repeat(25))
        .join(',')}]`,
    ],
    ['one huge number', '9'.repeat(size)],
    [
      'large exponents',
      `[${Array(size / 6)
        .fill('1e200')
        .join(',')}]`,
    ],
    ['one string', `"${'x'.repeat(size)}"`],
    ['backslashes', '\\'.repeat(size)],
    ['quotes', '"'.repeat(size)],
    ['colons', ':'.repeat(size)],
    ['escapes', `"${'\\u0000'.repeat(size / 6)}"`],
    ['zeros', `[${'0,'.repeat(size / 2)}0]`],
  ];
  for (const [name, text] of hostile) {
    it(`judges 1.4 MB of ${name} quickly`, (t) => {
      const body = bytes(text);
      const times = [1, 2, 3].map(() => {
        const start = process.cpuUsage();
        refusal(body);
        return process.cpuUsage(start).user / 1000;
      });
      t.diagnostic(`${Math.min(...times).toFixed(1)} ms`);
      assert.ok(Math.min(...times) < 150, `${times} ms`);
    });
  }
});
