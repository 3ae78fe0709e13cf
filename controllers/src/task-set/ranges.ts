/** Numbers, as sorted ranges that do not touch: from, to, both included. */
export type Ranges = readonly (readonly [from: number, to: number])[];

/** Reads `3,7-9`. What is no range is left out: the text is the controller's own. */
export function parseRanges(text = ''): Ranges {
  const parts = text.split(',').flatMap((part): [number, number][] => {
    const [, from, to = from] = /^([0-9]+)(?:-([0-9]+))?$/.exec(part) ?? [];
    return from === undefined ? [] : [[Number(from), Number(to)]];
  });
  return merge(parts);
}

export const formatRanges = (ranges: Ranges): string => ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');

export const addNumbers = (ranges: Ranges, numbers: readonly number[]): Ranges =>
  numbers.length === 0 ? ranges : merge([...ranges, ...numbers.map((number) => [number, number] as const)]);

export const countOf = (ranges: Ranges): number => ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);

export function includes(ranges: Ranges, number: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle] ?? [0, -1];
    if (number < from) high = middle - 1;
    else if (number > to) low = middle + 1;
    else return true;
  }
  return false;
}

/** What lies from 0 up to `end`, without it, and in none of the ranges: at most so many. */
export function gapsBelow(ranges: Ranges, end: number, most: number): number[] {
  const gaps: number[] = [];
  let next = 0;
  for (const [from, to] of [...ranges, [end, end] as const]) {
    for (; next < Math.min(from, end) && gaps.length < most; next++) gaps.push(next);
    next = Math.max(next, to + 1);
  }
  return gaps;
}

/** The text within a bound: what does not fit is cut off at a comma, and `…` says so. */
export function boundedText(ranges: Ranges, mostLetters: number): string {
  const text = formatRanges(ranges);
  return text.length <= mostLetters ? text : `${text.slice(0, text.lastIndexOf(',', mostLetters - 2))},…`;
}

function merge(parts: readonly (readonly [number, number])[]): Ranges {
  const merged: [number, number][] = [];
  for (const [from, to] of [...parts].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
