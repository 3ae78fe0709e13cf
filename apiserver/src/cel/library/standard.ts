import { CelError } from '../cel-error.ts';
import { type DatePart, datePart, formatDuration, formatTimestamp, parseDuration, parseTimestamp } from '../value/time.ts';
import { checkedInt, Duration, kindOf, type ListValue, type MapValue, Timestamp, TypeValue, Uint, type Value } from '../value/value.ts';
import { showDouble } from './format-text.ts';
import { type CallContext, func, matching, method, type Overload, traverse } from './overload.ts';
import { textLength } from './text.ts';

const decodeUtf8 = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
};

const wholeOf = (value: number, unsigned: boolean): bigint => {
  const outside = Number.isNaN(value) || (unsigned ? value < 0 || value >= 2 ** 64 : value <= -(2 ** 63) || value >= 2 ** 63);
  if (outside) throw new CelError(unsigned ? 'unsigned integer overflow' : 'integer overflow');
  return BigInt(Math.trunc(value));
};

const parseWhole = (text: string, pattern: RegExp, type: string): bigint => {
  if (!pattern.test(text)) throw new CelError(`type conversion error from 'string' to '${type}'`);
  return BigInt(text.replace('+', ''));
};

const parseDouble = (text: string): number => {
  if (/^[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,5})?$/.test(text)) return Number(text);
  const named = /^([+-])?(inf|infinity)$/i.exec(text);
  if (named) return named[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  throw new CelError("type conversion error from 'string' to 'double'");
};

const parseBool = (text: string): boolean => {
  if (/^(1|t|true|T|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|false|F|FALSE|False)$/.test(text)) return false;
  throw new CelError("type conversion error from 'string' to 'bool'");
};

const convert = [
  func('int(int): int', (value: bigint) => value),
  func('int(uint): int', (value: Uint) => checkedInt(value.value)),
  func('int(double): int', (value: number) => wholeOf(value, false)),
  func('int(string): int', (text: string) => checkedInt(parseWhole(text, /^[+-]?\d{1,32}$/, 'int'))),
  func('int(timestamp): int', (time: Timestamp) => time.ns / 1_000_000_000n - (time.ns % 1_000_000_000n < 0n ? 1n : 0n)),
  func('int(duration): int', (time: Duration) => time.ns),
  func('uint(uint): uint', (value: Uint) => value),
  func('uint(int): uint', (value: bigint) => new Uint(value)),
  func('uint(double): uint', (value: number) => new Uint(wholeOf(value, true))),
  func('uint(string): uint', (text: string) => new Uint(parseWhole(text, /^\d{1,32}$/, 'uint'))),
  func('double(double): double', (value: number) => value),
  func('double(int): double', (value: bigint) => Number(value)),
  func('double(uint): double', (value: Uint) => Number(value.value)),
  func('double(string): double', parseDouble),
  func('bool(bool): bool', (value: boolean) => value),
  func('bool(string): bool', parseBool),
  func('string(string): string', (text: string) => text),
  func('string(bool): string', (value: boolean) => String(value), { resultMax: () => 5 }),
  func('string(int): string', (value: bigint) => String(value), { resultMax: () => 20 }),
  func('string(uint): string', (value: Uint) => String(value.value), { resultMax: () => 20 }),
  func('string(double): string', (value: number) => showDouble(value), { resultMax: () => 24 }),
  func('string(bytes): string', decodeUtf8, { price: traverse }),
  func('string(timestamp): string', formatTimestamp, { resultMax: () => 30 }),
  func('string(duration): string', formatDuration, { resultMax: () => 24 }),
  func('bytes(bytes): bytes', (bytes: Uint8Array) => bytes),
  func('bytes(string): bytes', (text: string) => new TextEncoder().encode(text), { price: traverse }),
  func('timestamp(timestamp): timestamp', (time: Timestamp) => time),
  func('timestamp(string): timestamp', (text: string) => parseTimestamp(text)),
  func('timestamp(int): timestamp', (seconds: bigint) => new Timestamp(seconds * 1_000_000_000n)),
  func('duration(duration): duration', (time: Duration) => time),
  func('duration(string): duration', (text: string) => parseDuration(text)),
  func('duration(int): duration', (ns: bigint) => new Duration(ns)),
  func('dyn(A): dyn', (value: Value) => value),
  func('type(A): type', (value: Value) => new TypeValue(typeName(value))),
];

const typeNames: Partial<Record<ReturnType<typeof kindOf>, string>> = {
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
  optional: 'optional_type',
};
const typeName = (value: Value): string => {
  const kind = kindOf(value);
  return typeNames[kind] ?? kind;
};

const sizeOfText = (text: string, { budget }: CallContext): bigint => {
  budget.work(text.length >> 4);
  return BigInt(textLength(text));
};
const sizes = [
  ...[func, method].flatMap((define) => {
    const of = (type: string) => (define === func ? `size(${type}): int` : `${type}.size(): int`);
    return [
      define(of('string'), sizeOfText),
      define(of('bytes'), (bytes: Uint8Array) => BigInt(bytes.length)),
      define(of('list<A>'), (list: ListValue) => BigInt(list.size)),
      define(of('map<A, B>'), (map: MapValue) => BigInt(map.size)),
    ];
  }),
];

/** The third number is what is added to the part: months count from 0, `getDate` from 1, `getDayOfMonth` from 0. */
const parts: readonly [name: string, part: DatePart, add: number][] = [
  ['getFullYear', 'year', 0],
  ['getMonth', 'month', 0],
  ['getDate', 'date', 0],
  ['getDayOfMonth', 'date', -1],
  ['getDayOfWeek', 'day', 0],
  ['getDayOfYear', 'dayOfYear', 0],
  ['getHours', 'hours', 0],
  ['getMinutes', 'minutes', 0],
  ['getSeconds', 'seconds', 0],
  ['getMilliseconds', 'milliseconds', 0],
];
const times = parts.flatMap(([name, part, plus]) => [
  method(`timestamp.${name}(): int`, (time: Timestamp) => BigInt(datePart(time, part, 'UTC') + plus)),
  method(`timestamp.${name}(string): int`, (time: Timestamp, zone: string, { budget }: CallContext) => {
    budget.work(1000);
    return BigInt(datePart(time, part, zone) + plus);
  }),
]);
const spans = [
  method('duration.getHours(): int', (time: Duration) => time.ns / 3_600_000_000_000n),
  method('duration.getMinutes(): int', (time: Duration) => time.ns / 60_000_000_000n),
  method('duration.getSeconds(): int', (time: Duration) => time.ns / 1_000_000_000n),
  method('duration.getMilliseconds(): int', (time: Duration) => time.ns / 1_000_000n),
];

const matches = (text: string, pattern: string, context: CallContext): boolean => context.regex(pattern).test(text, context.budget);

export const standardFunctions: readonly Overload[] = [
  ...convert,
  ...sizes,
  ...times,
  ...spans,
  method('string.matches(string): bool', matches, { price: matching }),
  func('matches(string, string): bool', matches, { price: matching }),
];
