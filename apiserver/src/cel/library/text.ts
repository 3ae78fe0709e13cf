import { CelError } from '../cel-error.ts';

const surrogate = /[\ud800-\udfff]/;

/** A string by code points, as CEL counts. Plain strings cost nothing extra. */
export const points = (text: string): readonly string[] | string => (surrogate.test(text) ? [...text] : text);

export const textLength = (text: string): number => points(text).length;

/** @throws CelError unless 0 ≤ index ≤ most */
export const indexWithin = (index: bigint, most: number): number => {
  if (index < 0n || index > BigInt(most)) throw new CelError(`index out of range: ${index}`);
  return Number(index);
};

export const slicePoints = (text: string, start: bigint, end?: bigint): string => {
  const parts = points(text);
  const to = end === undefined ? parts.length : indexWithin(end, parts.length);
  const from = indexWithin(start, parts.length);
  if (from > to) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`);
  const slice = parts.slice(from, to);
  return typeof slice === 'string' ? slice : slice.join('');
};

/** The offset in UTF-16 units of the `index`-th code point. */
export const unitOffset = (text: string, index: number): number => {
  const parts = points(text);
  return typeof parts === 'string' ? index : parts.slice(0, index).join('').length;
};

/** The number of code points before a UTF-16 offset; -1 stays -1. */
export const pointIndex = (text: string, offset: number): bigint => (offset < 0 ? -1n : BigInt(textLength(text.slice(0, offset))));
