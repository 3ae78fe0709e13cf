import { CelError } from '../cel-error.ts';
import { ArrayList, type ListValue, type Value } from '../value/value.ts';
import { formatText } from './format-text.ts';
import { type CallContext, func, method, type Overload, product, traverse, traverseAll } from './overload.ts';
import { indexWithin, pointAt, pointIndex, reversed, shiftCase, slicePoints, unitOffset } from './text.ts';

const indexOf = (text: string, part: string, from: bigint): bigint =>
  pointIndex(text, text.indexOf(part, unitOffset(text, indexWithin(from, text))));
const lastIndexOf = (text: string, part: string, from: bigint): bigint =>
  pointIndex(text, text.lastIndexOf(part, unitOffset(text, indexWithin(from, text))));

/** More parts than this cost more to make than one evaluation may. */
const maxParts = 200_000;

/** The pieces between separators, or the characters. Stops the expression, not the thread, when there are too many. */
const pieces = (text: string, separator: string, { budget }: CallContext): string[] => {
  if (separator === '') budget.spend(text.length);
  const parts = separator === '' ? [...text] : text.split(separator, maxParts + 1);
  budget.spend(parts.length > maxParts ? Number.POSITIVE_INFINITY : parts.length * 0.5);
  return parts;
};

/** Pays for what will come out before it is made: a short replacement text may stand for a huge result. */
const replace = (text: string, old: string, to: string, limit: bigint, context: CallContext): string => {
  const most = limit < 0n ? Number.MAX_SAFE_INTEGER : Number(limit);
  const parts = pieces(text, old, context);
  const count = Math.min(old === '' ? parts.length + 1 : parts.length - 1, most);
  context.budget.spend((text.length + count * to.length) * 0.1);
  if (old === '') return parts.map((part, index) => (index < count ? to + part : part)).join('') + (count > parts.length ? to : '');
  return count === parts.length - 1 ? parts.join(to) : parts.slice(0, count + 1).join(to) + old + parts.slice(count + 1).join(old);
};

const split = (text: string, separator: string, limit: bigint, context: CallContext): Value => {
  if (limit === 0n) return new ArrayList([]);
  const parts = pieces(text, separator, context);
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

const quoteEscapes: readonly [sign: string, escape: string][] = [
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
];
const quote = (text: string, context: CallContext): string =>
  `"${quoteEscapes.reduce((quoted, [sign, escaped]) => (quoted.includes(sign) ? pieces(quoted, sign, context).join(escaped) : quoted), text)}"`;

/** What Unicode calls white space. */
const spaces = new Set([
  9,
  10,
  11,
  12,
  13,
  32,
  0x85,
  0xa0,
  0x1680,
  0x2028,
  0x2029,
  0x202f,
  0x205f,
  0x3000,
  ...Array.from({ length: 11 }, (_, index) => 0x2000 + index),
]);
const trim = (text: string): string => {
  let start = 0;
  let end = text.length;
  while (start < end && spaces.has(text.charCodeAt(start))) start++;
  while (end > start && spaces.has(text.charCodeAt(end - 1))) end--;
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
  method('string.charAt(int): string', pointAt, {
    ...walk,
    resultMax: () => 4,
  }),
  method('string.indexOf(string): int', (text: string, part: string) => indexOf(text, part, 0n), { price: product }),
  method('string.indexOf(string, int): int', indexOf, { price: product }),
  method('string.lastIndexOf(string): int', (text: string, part: string) => pointIndex(text, text.lastIndexOf(part)), { price: product }),
  method('string.lastIndexOf(string, int): int', lastIndexOf, { price: product }),
  method('string.lowerAscii(): string', (text: string) => shiftCase(text, 65, 90, 32), walk),
  method('string.upperAscii(): string', (text: string) => shiftCase(text, 97, 122, -32), walk),
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
  method('string.reverse(): string', reversed, walk),
  method('string.format(list<dyn>): string', formatText, { price: traverseAll, resultMax: ([text = 1, args = 1]) => text + args * 64 }),
  func('strings.quote(string): string', quote, walk),
];
