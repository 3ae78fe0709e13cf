import type { Random } from '@river/runtime';

/** All chance of a run: the same seed and the same questions give the same answers, on every machine. */
export interface Dice {
  /** In [0, 1). */
  random: Random;
  /** An integer from 0 to `n` - 1. */
  below(n: number): number;
  between(low: number, high: number): number;
  chance(share: number): boolean;
  pick<T>(all: readonly T[]): T;
  /** Dice of its own for one purpose, so that more questions there change no answer here. */
  fork(purpose: string): Dice;
}

export const diceOf = (seed: number): Dice => diceFrom(`river ${seed}`);

function diceFrom(seed: string): Dice {
  const random = numbersFrom(seed);
  const below = (n: number) => Math.floor(random() * n);
  return {
    random,
    below,
    between: (low, high) => low + random() * (high - low),
    chance: (share) => random() < share,
    pick<T>(all: readonly T[]) {
      if (all.length === 0) throw new RangeError('there is nothing to pick from');
      // The index is within the list.
      return all[below(all.length)] as T;
    },
    fork: (purpose) => diceFrom(`${seed} ${purpose}`),
  };
}

/** A small counter-based generator of 32 bits, begun from a hash of the text. */
function numbersFrom(text: string): Random {
  let state = 0x9e3779b9;
  for (const letter of text) state = Math.imul(state ^ (letter.codePointAt(0) ?? 0), 0x85ebca6b) ^ (state >>> 13);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
