import { fieldPath } from '../schema/field-path.ts';
import { endOfString } from './outline.ts';

/** What JSON text can say and a parsed value cannot show. */
export interface Oddities {
  /** Paths of fields that an object gives more than once. */
  duplicates: string[];
  /** The first number that a double would change, if there is one. */
  inexact: { path: string } | undefined;
}

/** How many duplicates are looked for. */
const mostNamed = 100;

/** A body that repeats itself more often is not read for further duplicates. */
const mostRepeats = 1000;

/** One object or list that is open at some place of the text. */
interface Level {
  /** How often each key was given so far; undefined for a list. */
  keys: Map<string, number> | undefined;
  /** The field or item that is being read. */
  key: string;
  item: number;
}

const pathOf = (levels: readonly Level[]): string => fieldPath(levels.map(({ keys, key, item }) => (keys ? key : item)));

/** Longer integers are never the same as a double. */
const longestExact = 22;

/** A number that comes back with the same digits is kept, whatever happens in between. */
const isChanged = (literal: string): boolean => {
  const value = Number(literal);
  if (!Number.isFinite(value)) return true;
  if (!/^-?\d+$/.test(literal)) return false;
  return String(value) !== literal && (literal.length > longestExact || BigInt(literal) !== BigInt(value));
};

const endOfNumber = (bytes: Uint8Array, at: number): number => {
  let end = at + 1;
  while (end < bytes.length) {
    const byte = bytes[end] as number;
    const isPart = (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === 0x2d;
    if (!isPart) break;
    end++;
  }
  return end;
};

/** Reads valid JSON a second time, byte by byte, when its parsed value does not add up. */
export const findOddities = (bytes: Uint8Array): Oddities => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const duplicates: string[] = [];
  let repeats = 0;
  let inexact: Oddities['inexact'];
  const levels: Level[] = [];
  let top: Level | undefined;
  let expectsKey = false;

  const readKey = (level: Level, keys: Map<string, number>, from: number, end: number): void => {
    if (repeats >= mostRepeats) return;
    const key = text.toString('utf8', from + 1, end);
    level.key = key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : key;
    const times = (keys.get(level.key) ?? 0) + 1;
    keys.set(level.key, times);
    if (times > 1) repeats++;
    if (times === 2 && duplicates.length < mostNamed) duplicates.push(pathOf(levels));
  };
  const readNumber = (from: number, end: number): void => {
    const literal = text.toString('latin1', from, Math.min(end, from + 400));
    if (!inexact && (end - from > 400 || isChanged(literal))) inexact = { path: pathOf(levels) };
  };

  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number;
    if (byte === 0x22) {
      const end = endOfString(text, at + 1);
      if (expectsKey && top?.keys) readKey(top, top.keys, at, end);
      expectsKey = false;
      at = end;
    } else if (byte === 0x7b || byte === 0x5b) {
      expectsKey = byte === 0x7b;
      top = { keys: expectsKey ? new Map() : undefined, key: '', item: 0 };
      levels.push(top);
    } else if (byte === 0x7d || byte === 0x5d) {
      levels.pop();
      top = levels.at(-1);
      expectsKey = false;
    } else if (byte === 0x2c && top) {
      expectsKey = top.keys !== undefined;
      top.item++;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      const end = endOfNumber(text, at);
      readNumber(at, end);
      at = end - 1;
    }
  }
  return { duplicates: [...new Set(duplicates)], inexact };
};
