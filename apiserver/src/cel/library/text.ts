import { CelError } from '../cel-error.ts';

const surrogate = /[\ud800-\udfff]/;

const isLow = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;
const isPair = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xd800 && isLow(text.charCodeAt(at + 1));

/** The number of code points before a UTF-16 offset. */
const countBefore = (text: string, end: number): number => {
  if (!surrogate.test(text)) return end;
  let count = 0;
  for (let at = 0; at < end; at += isPair(text, at) ? 2 : 1) count++;
  return count;
};

/** In code points, as CEL counts. */
export const textLength = (text: string): number => countBefore(text, text.length);

/** @throws CelError unless 0 ≤ index ≤ the length of the text */
export const indexWithin = (index: bigint, text: string): number => {
  if (index < 0n || index > BigInt(textLength(text))) throw new CelError(`index out of range: ${index}`);
  return Number(index);
};

/** The offset in UTF-16 units of the `index`-th code point. */
export const unitOffset = (text: string, index: number): number => {
  if (!surrogate.test(text)) return index;
  let at = 0;
  for (let count = 0; count < index; count++) at += isPair(text, at) ? 2 : 1;
  return at;
};

export const slicePoints = (text: string, start: bigint, end?: bigint): string => {
  const from = indexWithin(start, text);
  const to = end === undefined ? undefined : indexWithin(end, text);
  if (to !== undefined && from > to) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`);
  return text.slice(unitOffset(text, from), to === undefined ? undefined : unitOffset(text, to));
};

export const pointAt = (text: string, index: bigint): string => {
  const code = text.codePointAt(unitOffset(text, indexWithin(index, text)));
  return code === undefined ? '' : String.fromCodePoint(code);
};

/** The number of code points before a UTF-16 offset; -1 stays -1. */
export const pointIndex = (text: string, offset: number): bigint => (offset < 0 ? -1n : BigInt(countBefore(text, offset)));

/** Pairs of surrogates stay in order. */
export const reversed = (text: string): string => {
  const units = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) units[text.length - 1 - at] = text.charCodeAt(at);
  if (surrogate.test(text)) restorePairs(units);
  return Buffer.from(units.buffer).toString('utf16le');
};

const restorePairs = (units: Uint16Array): void => {
  for (let at = 0; at + 1 < units.length; at++) {
    const first = units[at] ?? 0;
    const second = units[at + 1] ?? 0;
    if (!isLow(first) || (second & 0xfc00) !== 0xd800) continue;
    units[at] = second;
    units[++at] = first;
  }
};

/** Adds 32 (or takes it away) from every letter between `first` and `last`. */
export const shiftCase = (text: string, first: number, last: number, by: number): string => {
  const units = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    units[at] = unit >= first && unit <= last ? unit + by : unit;
  }
  return Buffer.from(units.buffer).toString('utf16le');
};
