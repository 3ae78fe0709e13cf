import { setImmediate as others } from 'node:timers/promises';
import { type Clock, sleep } from '@river/runtime';
import type { Rights } from '../authorization/rights.ts';

/**
 * Judges again what goes on for long: as soon as rights have changed, and every now and then, since an identity also ends by the clock, or
 * with what it stands on.
 */
export interface Rejudging {
  /** Calls `judge` from now on. Gives back what ends that. */
  add(judge: () => void): () => void;
}

export interface RejudgingDeps {
  rights: Rights;
  clock: Clock;
  everyMs: number;
  signal: AbortSignal;
}

/** So many are judged before others have a turn. */
const inOneTurn = 500;

export function rejudging({ rights, clock, everyMs, signal }: RejudgingDeps): Rejudging {
  const judges = new Set<() => void>();
  rights.onChange(() => {
    for (const judge of judges) judge();
  });
  const judgeAll = async () => {
    let judged = 0;
    for (const judge of judges) {
      judge();
      judged += 1;
      if (judged % inOneTurn === 0) await others();
    }
  };
  void (async () => {
    while (!signal.aborted) {
      await sleep(clock, everyMs, signal).catch(() => undefined);
      if (!signal.aborted) await judgeAll();
    }
  })();
  return {
    add(judge) {
      judges.add(judge);
      return () => judges.delete(judge);
    },
  };
}
