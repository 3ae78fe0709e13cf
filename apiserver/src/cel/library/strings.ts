import { CelError } from '../cel-error.ts';
import { ArrayList, type ListValue, type Value } from '../value/value.ts';
import { formatText } from './format-text.ts';
import { type CallContext, func, method, type Overload, product, traverse, traverseAll } from './overload.ts';
import { indexWithin, pointIndex, points, slicePoints, textLength, unitOffset } from './text.ts';

const indexOf = (text: string, part: string, from: bigint): bigint =>
  pointIndex(text, text.indexOf(part, unitOffset(text, indexWithin(from, textLength(text)))));
const lastIndexOf = (text: string, part: string, from: bigint): bigint =>
  pointIndex(text, text.lastIndexOf(part, unitOffset(text, indexWithin(from, textLength(text)))));

/** Pays for what will come out before it is made: a short replacement text may stand for a huge result. */
const replace = (text: string, old: string, to: string, limit: bigint, { budget }: CallContext): string => {
  const most = limit < 0n ? Number.MAX_SAFE_INTEGER : Number(limit);
  const parts = (old === '' ? [...points(text)] : text.split(old)) as string[];
  const count = Math.min(old === '' ? parts.length + 1 : parts.length - 1, most);
  budget.spend((text.length + count * to.length) * 0.1);
  if (old === '') return parts.map((part, index) => (index < count ? to + part : part)).join('') + (count > parts.length ? to : '');
  return count === parts.length - 1 ? parts.join(to) : parts.slice(0, count + 1).join(to) + old + parts.slice(count + 1).join(old);
};

const split = (text: string, separator: string, limit: bigint, { budget }: CallContext): Value => {
  if (limit === 0n) return new ArrayList([]);
  const parts = (separator === '' ? [...points(text)] : text.split(separator)) as string[];
  budget.work(parts.length);
  if (limit < 0n || BigInt(parts.length) <= limit) return new ArrayList(parts);
  const kept = parts.slice(0, Number(limit) - 1);
  return new ArrayList([...kept, parts.slice(Number(limit) - 1).join(separator)]);
};

const join = (list: ListValue, separator: string, { budget }: CallContext): string => {
  const parts: string[] = [];
  for (let index = 0; index < list.size; index++) {
    const part = list.at(index);
    if (typeof part !== 'string') throw new CelError('join() on a list that holds more than strings');
    budget.spend((part.length + separator.length) * 0.1);
    parts.push(part);
  }
  return parts.join(separator);
};

const quoteEscapes: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const quote = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that quoting makes visible.
  `"${text.replace(/["\\]/g, '\\$&').replace(/[\x07\b\f\n\r\t\v]/g, (sign) => quoteEscapes[sign] ?? sign)}"`;

const asciiOnly = (text: string, pattern: RegExp, change: (part: string) => string): string => text.replace(pattern, change);

const space = '[ \\t-\\r\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const isSpace = new RegExp(space);
const trim = (text: string): string => {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace.test(text[start] ?? '')) start++;
  while (end > start && isSpace.test(text[end - 1] ?? '')) end--;
  return text.slice(start, end);
};

const walk = { price: traverse };
const joined = ([items = 1, separator = 1]: readonly number[]) => items * (separator + 1);

/** How large a text may become when every occurrence is replaced. */
const replaced = ([text = 1, , to = 1]: readonly number[]) => text * Math.max(1, to);

export const stringFunctions: readonly Overload[] = [
  method('string.contains(string): bool', (text: string, part: string) => text.includes(part), { price: product }),
  method('string.startsWith(string): bool', (text: string, part: string) => text.startsWith(part), {
    price: ([, part = 1]) => Math.ceil(part * 0.1) + 1,
  }),
  method('string.endsWith(string): bool', (text: string, part: string) => text.endsWith(part), {
    price: ([, part = 1]) => Math.ceil(part * 0.1) + 1,
  }),
  method('string.charAt(int): string', (text: string, at: bigint) => points(text)[indexWithin(at, textLength(text))] ?? '', {
    ...walk,
    resultMax: () => 4,
  }),
  method('string.indexOf(string): int', (text: string, part: string) => indexOf(text, part, 0n), { price: product }),
  method('string.indexOf(string, int): int', indexOf, { price: product }),
  method('string.lastIndexOf(string): int', (text: string, part: string) => pointIndex(text, text.lastIndexOf(part)), { price: product }),
  method('string.lastIndexOf(string, int): int', lastIndexOf, { price: product }),
  method('string.lowerAscii(): string', (text: string) => asciiOnly(text, /[A-Z]+/g, (part) => part.toLowerCase()), walk),
  method('string.upperAscii(): string', (text: string) => asciiOnly(text, /[a-z]+/g, (part) => part.toUpperCase()), walk),
  method(
    'string.replace(string, string): string',
    (text: string, old: string, to: string, context: CallContext) => replace(text, old, to, -1n, context),
    { price: traverse, resultMax: replaced },
  ),
  method('string.replace(string, string, int): string', replace, { price: traverse, resultMax: replaced }),
  method(
    'string.split(string): list<string>',
    (text: string, separator: string, context: CallContext) => split(text, separator, -1n, context),
    { price: traverse, resultMax: ([text = 1]) => text },
  ),
  method('string.split(string, int): list<string>', split, { price: traverse, resultMax: ([text = 1]) => text }),
  method('list<string>.join(): string', (list: ListValue, context: CallContext) => join(list, '', context), {
    price: ([items = 1]) => items + 1,
  }),
  method('list<string>.join(string): string', join, { price: ([items = 1]) => items + 1, resultMax: joined }),
  method('string.substring(int): string', (text: string, from: bigint) => slicePoints(text, from), {
    price: traverse,
    resultMax: ([text = 1]) => text,
  }),
  method('string.substring(int, int): string', (text: string, from: bigint, to: bigint) => slicePoints(text, from, to), {
    price: traverse,
    resultMax: ([text = 1]) => text,
  }),
  method('string.trim(): string', trim, walk),
  method('string.reverse(): string', (text: string) => [...text].reverse().join(''), walk),
  method('string.format(list<dyn>): string', formatText, { price: traverseAll, resultMax: ([text = 1, args = 1]) => text + args * 64 }),
  func('strings.quote(string): string', quote, walk),
];
