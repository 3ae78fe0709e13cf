import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@river/crds';
import fc from 'fast-check';
import { Budget, bindJson, CelError, CelSyntaxError, compileExpression, createEnvironment, defaultLimits, dyn, Frame } from './index.ts';

const environment = createEnvironment();
const given = {
  n: 7,
  half: 1.5,
  text: 'héllo',
  list: [3, 1, 2],
  map: { a: 1, 'b-c': 'x' },
  items: [{ name: 'a', port: 80 }, { name: 'b' }],
  nothing: null,
};
const run = (source: string) =>
  compileExpression(source, environment, new Map([['o', dyn]])).run(
    new Frame([bindJson(given)], new Budget(defaultLimits, () => 0), environment),
  );

/** Every expression must be true. */
const truths: Record<string, string[]> = {
  'arithmetic keeps integers whole': [
    '1 + 2 == 3',
    '7 / 2 == 3',
    '-7 / 2 == -3',
    '-7 % 3 == -1',
    'o.n % 2 == 1',
    '2 * 3 - 1 == 5',
    '1.5 + 1.5 == 3.0',
    '1u + 2u == 3u',
    '0x10 == 16',
    '-9223372036854775808 < 0',
    'type(o.n) == int',
    'type(o.half) == double',
  ],
  'numbers of different types compare by value': ['1 == 1.0', '1u == 1', '1 < 1.5', '2u > 1', 'dyn([1]) == [1.0]', '1 in [1.0, 2.0]'],
  'strings, escapes and bytes': [
    `'a' + "b" == 'ab'`,
    String.raw`'\n' != r'\n'`,
    String.raw`'\u00e9' == 'é'`,
    String.raw`b'\xff' != b'\x00'`,
    `'''a"b''' == 'a"b'`,
    `size('😀') == 1`,
    `'a' < 'b'`,
    `b'abc'.size() == 3`,
  ],
  'logic absorbs errors on either side': [
    'true || 1 / 0 == 1',
    '1 / 0 == 1 || true',
    '!(false && 1 / 0 == 1)',
    '!(1 / 0 == 1 && false)',
    '[1, 0].exists(x, 1 / x == 1)',
    '![0, 1].all(x, 1 / x == 2)',
    'true ? true : 1 / 0 == 1',
  ],
  'macros over one variable': [
    '[1, 2, 3].all(x, x > 0)',
    '[1, 2, 3].exists(x, x == 2)',
    '[1, 2, 3].exists_one(x, x == 2)',
    '[1, 2, 3].existsOne(x, x == 2)',
    '[1, 2, 3].map(x, x * 2) == [2, 4, 6]',
    '[1, 2, 3].map(x, x > 1, x * 2) == [4, 6]',
    '[1, 2, 3].filter(x, x > 1) == [2, 3]',
    "{'a': 1}.all(k, k == 'a')",
    'has(o.map.a) && !has(o.map.z)',
  ],
  'macros over two variables': [
    '[5, 6].all(i, v, v == i + 5)',
    "{'a': 1}.exists(k, v, k == 'a' && v == 1)",
    '[1, 2].existsOne(i, v, v == 2)',
    '[4, 5].transformList(i, v, i * v) == [0, 5]',
    '[4, 5].transformList(i, v, i > 0, v) == [5]',
    "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
    "{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v) == {'b': 2}",
    "{'a': 'x'}.transformMapEntry(k, v, {v: k}) == {'x': 'a'}",
  ],
  'inner variables hide outer ones': [
    '[1, 2].all(o, o > 0)',
    '[[1], [2]].all(x, x.all(x, x > 0))',
    'cel.bind(o, 3, o * o) == 9',
    'cel.bind(a, 1, cel.bind(b, 2, a + b)) == 3',
  ],
  'fields, indexes and membership': [
    "o.map['b-c'] == 'x'",
    'o.list[1] == 1',
    "'a' in o.map",
    '3 in o.list',
    "!('z' in o.map)",
    "o.items.exists(i, i.name == 'a' && i.port == 80)",
    'o.nothing == null',
    "o.map.`b-c` == 'x'",
  ],
  optionals: [
    'o.?n.orValue(0) == 7',
    "o.?missing.orValue('d') == 'd'",
    '!o.?missing.hasValue()',
    'o.?items[0].?port.orValue(1) == 80',
    'o.?items[?5].hasValue() == false',
    "o.map[?'a'].value() == 1",
    'o.?n.optMap(x, x * 2).orValue(0) == 14',
    'o.?zz.optMap(x, x * 2).hasValue() == false',
    'o.?n.optFlatMap(x, optional.of(x)).value() == 7',
    'optional.none().or(optional.of(1)).value() == 1',
    "optional.ofNonZeroValue('').hasValue() == false",
    '[?o.?n, ?o.?zz] == [7]',
    "{?'a': o.?n, ?'b': o.?zz} == {'a': 7}",
    'has(o.?map.a)',
    '[optional.of(1), optional.none()].unwrapOpt() == [1]',
    'optional.unwrap([optional.of(1)]) == [1]',
  ],
  conversions: [
    "int('42') == 42",
    'int(3.9) == 3',
    'int(-3.9) == -3',
    'uint(3) == 3u',
    "double('1.5') == 1.5",
    "string(12) == '12'",
    "string(true) == 'true'",
    "bool('true')",
    "string(b'abc') == 'abc'",
    "bytes('abc') == b'abc'",
    'int(5u) == 5',
    "type('a') == string",
    'type([]) == list',
    'type(null) == null_type',
    'dyn(1) == 1',
    "type(timestamp('2024-01-01T00:00:00Z')) == google.protobuf.Timestamp",
  ],
  'string functions count code points': [
    'o.text.size() == 5',
    "o.text.charAt(1) == 'é'",
    "'😀a'.charAt(1) == 'a'",
    "'tacocat'.indexOf('c') == 2",
    "'tacocat'.indexOf('c', 3) == 4",
    "'tacocat'.lastIndexOf('c') == 4",
    "'tacocat'.lastIndexOf('c', 3) == 2",
    "'ABé'.lowerAscii() == 'abé'",
    "'abé'.upperAscii() == 'ABé'",
    "'hello hello'.replace('he', 'we') == 'wello wello'",
    "'hello hello'.replace('he', 'we', 1) == 'wello hello'",
    "'ab'.replace('', '_') == '_a_b_'",
    "'a,b,c'.split(',') == ['a', 'b', 'c']",
    "'a,b,c'.split(',', 2) == ['a', 'b,c']",
    "'a,b'.split(',', 0) == []",
    "['a', 'b'].join('-') == 'a-b'",
    "['a', 'b'].join() == 'ab'",
    "'tacocat'.substring(4) == 'cat'",
    "'tacocat'.substring(0, 4) == 'taco'",
    "'  x\\t'.trim() == 'x'",
    "'abc'.reverse() == 'cba'",
    "'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')",
    String.raw`strings.quote('a"b') == '"a\\"b"'`,
  ],
  'format()': [
    "'%s has %d'.format(['x', 3]) == 'x has 3'",
    "'%.2f'.format([1.005]) == '1.00' || '%.2f'.format([1.005]) == '1.01'",
    "'%x %X'.format([255, 255]) == 'ff FF'",
    "'%b %o'.format([5, 8]) == '101 10'",
    "'%e'.format([1234.5]) == '1.234500e+03'",
    "'%s'.format([[1, 'a']]) == '[1, a]'",
    "'%s'.format([{'b': 1, 'a': 2}]) == '{a: 2, b: 1}'",
    "'100%%'.format([]) == '100%'",
    "'%s'.format([duration('90s')]) == '90s'",
  ],
  lists: [
    '[1, 2, 2].isSorted()',
    '![2, 1].isSorted()',
    '[1, 2, 3].sum() == 6',
    '[1.5, 1.5].sum() == 3.0',
    '[].sum() == 0',
    '[3, 1].min() == 1',
    "['a', 'c'].max() == 'c'",
    '[1, 2, 1].indexOf(1) == 0',
    '[1, 2, 1].lastIndexOf(1) == 2',
    '[1].indexOf(9) == -1',
    '[[1], [2, [3]]].flatten() == [1, 2, [3]]',
    '[[1, [2]]].flatten(2) == [1, 2]',
    '[1, 2, 3].slice(1, 3) == [2, 3]',
    '[1, 1, 2].distinct() == [1, 2]',
    '[3, 1, 2].sort() == [1, 2, 3]',
    '[1, 2].reverse() == [2, 1]',
    '[1] + [2] == [1, 2]',
  ],
  sets: [
    'sets.contains([1, 2, 3], [2])',
    'sets.equivalent([1, 2, 2], [2, 1])',
    'sets.intersects([1], [1, 2])',
    '!sets.intersects([1], [2])',
  ],
  regex: [
    "'abc 123'.find('[0-9]+') == '123'",
    "'abc'.find('[0-9]+') == ''",
    "'1 a 22'.findAll('[0-9]+') == ['1', '22']",
    "'1 a 22 b 3'.findAll('[0-9]+', 2) == ['1', '22']",
    "'foobar'.matches('o+b')",
    "matches('ab', '^ab$')",
    "!'ab'.matches('^b')",
    "'aaa'.find('a*?') == ''",
    "'xaab'.find('a+|aab') == 'aa'",
    "'a\\nb'.matches('(?m)^b$')",
    "'Straße'.matches('(?i)STRA.E')",
    "'foo bar'.find('\\\\bbar\\\\b') == 'bar'",
  ],
  urls: [
    "url('https://u.example.com:80/p%20a?x=1&x=2&y=%41').getHost() == 'u.example.com:80'",
    "url('https://[::1]:80/').getHostname() == '::1'",
    "url('https://h:80/').getPort() == '80'",
    "url('https://h/').getPort() == ''",
    "url('https://h/a b').getEscapedPath() == '/a%20b'",
    "url('https://h/?x=1&x=2').getQuery() == {'x': ['1', '2']}",
    "url('HTTPS://h').getScheme() == 'https'",
    "isURL('/a/path')",
    "!isURL('a/path')",
    "!isURL('https://a b/')",
    "!isURL('https://h:x/')",
    "!isURL('../a')",
  ],
  quantities: [
    "isQuantity('1.3Gi') && isQuantity('-500m') && isQuantity('1e3') && !isQuantity('1.3Gx') && !isQuantity('')",
    "quantity('1Ki').asInteger() == 1024",
    "quantity('0.5Gi').isInteger()",
    "!quantity('500m').isInteger()",
    "quantity('500m').asApproximateFloat() == 0.5",
    "quantity('1k').add(quantity('1')).asInteger() == 1001",
    "quantity('1k').add(1).asInteger() == 1001",
    "quantity('1k').sub(quantity('1k')).sign() == 0",
    "quantity('1k').sub(1).asInteger() == 999",
    "quantity('-1').sign() == -1",
    "quantity('1Mi').isGreaterThan(quantity('1M'))",
    "quantity('1M').isLessThan(quantity('1Mi'))",
    "quantity('1000m').compareTo(quantity('1')) == 0",
    "quantity('1000m') == quantity('1')",
  ],
  'addresses and networks': [
    "isIP('10.0.0.1') && isIP('::1') && !isIP('10.0.0.256') && !isIP('01.2.3.4') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0') && !isIP('10.0.0.0/8')",
    "ip('127.0.0.1').family() == 4 && ip('::1').family() == 6",
    "ip('127.0.0.1').isLoopback() && ip('::1').isLoopback()",
    "ip('0.0.0.0').isUnspecified()",
    "ip('169.254.1.1').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast()",
    "ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast()",
    "ip('8.8.8.8').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()",
    "ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD') && !ip.isCanonical('2001:db8::0:0:0:abcd')",
    "ip('2001:db8:0::1') == ip('2001:db8::1')",
    "string(ip('2001:0db8::0001')) == '2001:db8::1'",
    "isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0')",
    "cidr('192.168.0.0/24').containsIP('192.168.0.9') && !cidr('192.168.0.0/24').containsIP(ip('192.168.1.9'))",
    "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))",
    "cidr('192.168.1.7/24').masked() == cidr('192.168.1.0/24')",
    "cidr('::1/128').prefixLength() == 128",
    "cidr('192.168.1.7/24').ip() == ip('192.168.1.7')",
    "string(cidr('::1/128')) == '::1/128'",
  ],
  semver: [
    "isSemver('1.0.0-rc.1+b') && !isSemver('1.0') && !isSemver('v1.0.0') && !isSemver('01.0.0')",
    "isSemver('v1.2', true)",
    "semver('v01.2', true) == semver('1.2.0')",
    "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
    "semver('1.0.0-alpha').isLessThan(semver('1.0.0-alpha.1'))",
    "semver('1.0.0-2').isLessThan(semver('1.0.0-11'))",
    "semver('1.0.0').isGreaterThan(semver('1.0.0-rc'))",
    "semver('1.0.0').compareTo(semver('1.0.0+b')) == 0",
  ],
  'named formats': [
    "!format.dns1123Label().validate('my-label').hasValue()",
    "format.dns1123Label().validate('My').hasValue()",
    "format.dns1123Label().validate('a'.replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')).hasValue()",
    "!format.dns1123Subdomain().validate('a.b-c').hasValue()",
    "format.dns1035Label().validate('1a').hasValue()",
    "!format.dns1123LabelPrefix().validate('a-').hasValue()",
    "!format.qualifiedName().validate('a.b/c').hasValue()",
    "!format.labelValue().validate('').hasValue()",
    "!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()",
    "!format.byte().validate('aGk=').hasValue()",
    "format.date().validate('2021-02-30').hasValue()",
    "!format.datetime().validate('2021-01-01T00:00:00Z').hasValue()",
    "!format.uri().validate('https://a').hasValue()",
    "format.named('uuid').hasValue() && !format.named('nope').hasValue()",
  ],
  'math and base64': [
    'math.greatest(1, 2, 3) == 3',
    'math.least([2, 1.5]) == 1.5',
    'math.ceil(1.2) == 2.0',
    'math.abs(-3) == 3',
    'math.round(-1.5) == -2.0',
    "base64.encode(b'hi') == 'aGk='",
    "base64.decode('aGk') == b'hi'",
  ],
  'times and durations': [
    "timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-28T00:00:00Z') == duration('48h')",
    "timestamp('2024-01-01T10:00:00.25Z').getMilliseconds() == 250",
    "timestamp('2024-02-03T00:00:00Z').getMonth() == 1",
    "timestamp('2024-02-03T00:00:00Z').getDate() == 3",
    "timestamp('2024-02-03T00:00:00Z').getDayOfMonth() == 2",
    "timestamp('2024-02-04T00:00:00Z').getDayOfWeek() == 0",
    "timestamp('2024-02-03T23:30:00Z').getHours('+02:00') == 1",
    "timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin') == 14",
    "duration('1h30m').getMinutes() == 90",
    "duration('-1.5s') < duration('0s')",
    "timestamp('2024-01-01T00:00:00Z') + duration('1h') == timestamp('2024-01-01T02:00:00+01:00')",
    "string(timestamp('2024-01-01T00:00:00.5Z')) == '2024-01-01T00:00:00.5Z'",
    "int(timestamp('1970-01-01T00:01:00Z')) == 60",
  ],
};

const failing: [source: string, message: RegExp][] = [
  ['1 / 0', /division by zero/],
  ['1 % 0', /modulus by zero/],
  ['9223372036854775807 + 1', /integer overflow/],
  ['1u - 2u', /unsigned integer overflow/],
  ['o.missing', /no such key: missing/],
  ['o.list[9]', /index out of bounds: 9/],
  ["o.n + 'a'", /no such overload/],
  ["int('x')", /type conversion error/],
  ["timestamp('2024-02-30T00:00:00Z')", /invalid timestamp/],
  ["duration('1')", /invalid duration/],
  ["quantity('x')", /quantities must match/],
  ["ip('x')", /parse error/],
  ['optional.none().value()', /dereference/],
  ["{'a': 1, 'a': 2}", /repeated key/],
  ["'abc'.charAt(9)", /index out of range/],
  ["o.text.matches('(' + 'a')", /missing closing/],
  ['[].min()', /empty list/],
];

const refused: [source: string, message: RegExp][] = [
  ['', /empty/],
  ['1 +', /Syntax error/],
  ['1 + )', /Syntax error/],
  ['a', /undeclared reference to 'a'/],
  ['nope(1)', /undeclared reference to 'nope'/],
  ["1 + 'a'", /no matching overload for '_\+_'/],
  ["'a'.size(1)", /no matching overload/],
  ["1 == 'a'", /no matching overload for '_==_'/],
  ['1 && true', /expected type 'bool'/],
  ['has(o)', /invalid argument to has/],
  ['[1].all(1, true)', /must be a simple name/],
  ['[1].map(x, x, x)', /expected type 'bool'/],
  ["'a'.matches('(')", /missing closing/],
  ["'a'.matches('\\\\pL{1000}')", /too complex/],
  ['while', /reserved identifier/],
  ["'abc", /unterminated string/],
  ["'\\q'", /bad escape/],
  ['99999999999999999999', /invalid int literal/],
  [`${'('.repeat(5000)}1${')'.repeat(5000)}`, /recursion limit/],
  [`${'-'.repeat(5000)}o`, /recursion limit/],
  [`${'!'.repeat(5000)}true`, /recursion limit/],
  [Array(5000).fill('1').join(' + '), /recursion limit/],
  [`o${'.a'.repeat(5000)}`, /recursion limit/],
  [`${'['.repeat(5000)}`, /recursion limit/],
  ['true ? 1 : '.repeat(5000), /recursion limit/],
  ['1'.repeat(200_000), /longer than/],
  ['"a".b', /does not support field selection/],
  ['1 in 2', /no matching overload/],
  ['Foo{a: 1}', /Syntax error/],
];

describe('an expression', () => {
  for (const [name, sources] of Object.entries(truths)) {
    it(name, () => {
      for (const source of sources) assert.equal(run(source), true, source);
    });
  }

  it('finds objects equal that are the same JSON, however deep', () => {
    const equal = compileExpression('o.a == o.b', environment, new Map([['o', dyn]]));
    const json = fc.dictionary(fc.constantFrom('x', 'y', 'toString'), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 });
    fc.assert(
      fc.property(json, json, fc.boolean(), (first, other, isCopy) => {
        const [a, b] = JSON.parse(JSON.stringify([first, isCopy ? first : other])) as [Json, Json];
        const frame = new Frame([bindJson({ a, b })], new Budget(defaultLimits, () => 0), environment);
        assert.equal(equal.run(frame), isDeepStrictEqual(a, b));
      }),
    );
  });

  for (const [source, message] of failing) {
    it(`fails with ${message} while it runs: ${source}`, () => {
      assert.throws(
        () => run(source),
        (error) => error instanceof CelError && message.test(error.message),
      );
    });
  }

  for (const [source, message] of refused) {
    it(`is refused before it runs with ${message}: ${source.slice(0, 40)}`, () => {
      assert.throws(
        () => run(source),
        (error) => error instanceof CelSyntaxError && message.test(error.message),
      );
    });
  }

  it('accepts very long chains of && and ||, which need no depth', () => {
    assert.equal(run(Array(3000).fill('o.n == 7').join(' && ')), true);
  });
});
