import { setImmediate as others } from 'node:timers/promises';
import { type Clock, sleep } from '@river/runtime';
import type { Rights } from '../authorization/rights.ts';

/**
 * Judges again what goes on for long: as soon as rights have changed, and every now and then, since an identity also ends by the clock, or
 * with what it stands on. However often rights change, half of the time is left for everything else.
 */
export interface Rejudging {
  /** Calls `judge` from now on. Gives back what ends that. */
  add(judge: () => void): () => void;
}

export interface RejudgingDeps {
  rights: Pick<Rights, 'onChange'>;
  clock: Clock;
  everyMs: number;
  signal: AbortSignal;
}

/** So long it is judged before others have a turn. */
const turnMs = 5;
/** Changes come in bursts: so long they are gathered at least. */
const leastRestMs = 20;

export function rejudging({ rights, clock, everyMs, signal }: RejudgingDeps): Rejudging {
  const judges = new Set<() => void>();
  let isDue = false;
  let isAtIt = false;
  const rest = (ms: number) => sleep(clock, ms, signal).catch(() => undefined);
  const judgeAll = async () => {
    let turnEndsMs = clock.monotonicMs() + turnMs;
    for (const judge of judges) {
      judge();
      if (clock.monotonicMs() < turnEndsMs) continue;
      await others();
      turnEndsMs = clock.monotonicMs() + turnMs;
    }
  };
  const judgeWhileDue = async () => {
    if (isAtIt) return;
    isAtIt = true;
    while (isDue && !signal.aborted) {
      isDue = false;
      const startedMs = clock.monotonicMs();
      await judgeAll();
      await rest(Math.max(leastRestMs, clock.monotonicMs() - startedMs));
    }
    isAtIt = false;
  };
  const ask = () => {
    isDue = true;
    void judgeWhileDue();
  };
  rights.onChange(ask);
  void (async () => {
    while (!signal.aborted) {
      await rest(everyMs);
      ask();
    }
  })();
  return {
    add(judge) {
      judges.add(judge);
      return () => judges.delete(judge);
    },
  };
}
