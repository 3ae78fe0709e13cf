import { RE2JS } from '@bufbuild/re2';
import { CelError } from '../cel-error.ts';
import type { Budget } from './budget.ts';

/** Where a match is, as offsets in UTF-16 units. */
export interface Span {
  start: number;
  end: number;
}

export interface Regex {
  /** Instructions of the compiled program. */
  size: number;
  /** The leftmost match that starts at `from` or later. */
  find(text: string, from: number, budget: Budget): Span | undefined;
  test(text: string, budget: Budget): boolean;
}

type Program = ReturnType<RE2JS['re2']>['prog'];

const maxPatternLength = 4096;
/** Unicode classes are tables of hundreds of ranges, which a repetition copies: this many copies are enough for any honest pattern. */
const maxUnicodeCopies = 128;

const assertModest = (pattern: string): void => {
  if (pattern.length > maxPatternLength) throw new CelError(`regular expression is longer than ${maxPatternLength} characters`);
  const unicode = pattern.match(/\\[pP]|\(\?[a-zA-Z]*i|\[:\^?[a-z]+:/g)?.length ?? 0;
  const repeats = (pattern.match(/\{\d+(?:,\d*)?\}/g) ?? []).map((repeat) => Math.max(...(repeat.match(/\d+/g) ?? []).map(Number)));
  const largest = repeats.reduce((most, repeat) => Math.max(most, repeat), 1);
  if (unicode * largest > maxUnicodeCopies) throw new CelError('regular expression is too complex');
};

/**
 * RE2 syntax, RE2's program, and a walk over it whose every step is counted: linear in the text, and stopped by the budget's clock.
 * @throws CelError when the pattern is not valid.
 */
const compileRegex = (pattern: string): Regex => {
  assertModest(pattern);
  try {
    return walker(RE2JS.compile(pattern).re2().prog);
  } catch (error) {
    throw new CelError(error instanceof Error ? error.message : `error parsing regexp: ${pattern}`);
  }
};

/** In steps of a match: compiling allocates, so an instruction weighs more than a step. */
const compileSteps = { base: 500, perInstruction: 15 };

/** Compiled patterns, the oldest forgotten first. Compiling a new one counts as work. */
export const regexCache = (maxEntries = 256): ((pattern: string, budget?: Budget) => Regex) => {
  const entries = new Map<string, Regex>();
  return (pattern, budget) => {
    const known = entries.get(pattern);
    if (known) return known;
    const regex = compileRegex(pattern);
    budget?.work(compileSteps.base + regex.size * compileSteps.perInstruction);
    const [oldest] = entries.keys();
    if (entries.size >= maxEntries && oldest !== undefined) entries.delete(oldest);
    entries.set(pattern, regex);
    return regex;
  };
};

const op = { alt: 1, altMatch: 2, capture: 3, emptyWidth: 4, fail: 5, match: 6, nop: 7 };
const edge = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, wordBoundary: 16, noWordBoundary: 32 };

const isWordRune = (rune: number): boolean =>
  (rune >= 97 && rune <= 122) || (rune >= 65 && rune <= 90) || (rune >= 48 && rune <= 57) || rune === 95;

/** What holds between two neighbouring runes; -1 stands for the edge of the text. */
const edgesBetween = (before: number, after: number): number => {
  let edges = isWordRune(before) === isWordRune(after) ? edge.noWordBoundary : edge.wordBoundary;
  if (before < 0) edges |= edge.beginText | edge.beginLine;
  else if (before === 10) edges |= edge.beginLine;
  if (after < 0) edges |= edge.endText | edge.endLine;
  else if (after === 10) edges |= edge.endLine;
  return edges;
};

/** The alternatives that are alive at one position, best first; `seen` says in which round a place of the program was last added. */
interface Threads {
  places: Int32Array;
  starts: Int32Array;
  seen: Int32Array;
  size: number;
  round: number;
}

const threads = (size: number): Threads => ({
  places: new Int32Array(size),
  starts: new Int32Array(size),
  seen: new Int32Array(size),
  size: 0,
  round: 0,
});

const clear = (list: Threads): void => {
  list.size = 0;
  list.round++;
};

const walker = (program: Program): Regex => {
  const size = program.numInst();
  const stack = new Int32Array(2 * size + 2);
  let current = threads(size);
  let next = threads(size);
  const onlyAtStart = (program.startCond() & edge.beginText) !== 0;

  /** Follows everything that consumes no text, in order of preference. */
  const add = (list: Threads, place: number, start: number, edges: number): void => {
    let top = 0;
    stack[top++] = place;
    while (top > 0) {
      const at = stack[--top] ?? 0;
      if (list.seen[at] === list.round) continue;
      list.seen[at] = list.round;
      const step = program.getInst(at);
      if (step.op === op.alt || step.op === op.altMatch) {
        stack[top++] = step.arg;
        stack[top++] = step.out;
      } else if (step.op === op.capture || step.op === op.nop) stack[top++] = step.out;
      else if (step.op === op.emptyWidth) {
        if ((step.arg & ~edges) === 0) stack[top++] = step.out;
      } else if (step.op !== op.fail) {
        list.places[list.size] = at;
        list.starts[list.size++] = start;
      }
    }
  };

  const search = (text: string, from: number, budget: Budget, anywhere: boolean): Span | undefined => {
    let found: Span | undefined;
    let before = from > 0 ? text.charCodeAt(from - 1) : -1;
    clear(current);
    for (let at = from; ; ) {
      const rune = text.codePointAt(at) ?? -1;
      if (current.size === 0 && (found || (onlyAtStart && at > 0))) return found;
      if (!found) add(current, program.start, at, edgesBetween(before, rune));
      budget.work(current.size + 1);
      const after = at + (rune > 0xffff ? 2 : 1);
      const edges = edgesBetween(rune, text.codePointAt(after) ?? -1);
      clear(next);
      for (let index = 0; index < current.size; index++) {
        const step = program.getInst(current.places[index] ?? 0);
        const start = current.starts[index] ?? 0;
        if (step.op === op.match) {
          found = { start, end: at };
          if (anywhere) return found;
          break;
        }
        if (rune >= 0 && step.matchRune(rune)) add(next, step.out, start, edges);
      }
      if (rune < 0) return found;
      [current, next] = [next, current];
      before = rune;
      at = after;
    }
  };

  return {
    size,
    find: (text, from, budget) => search(text, from, budget, false),
    test: (text, budget) => search(text, 0, budget, true) !== undefined,
  };
};
