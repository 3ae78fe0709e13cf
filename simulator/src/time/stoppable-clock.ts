import type { Clock } from '@river/runtime';

export interface StoppableClock extends Clock {
  stop(): void;
  go(): void;
}

interface Waiting {
  dueMs: number;
  callback: () => void;
  cancel: () => void;
}

/** The time of something that can be made to stand still: what it waits for waits with it. */
export function stoppableClock(clock: Clock): StoppableClock {
  const waiting = new Set<Waiting>();
  let stoppedAtMs: number | undefined;
  let stoodMs = 0;
  const nowMs = () => (stoppedAtMs ?? clock.monotonicMs()) - stoodMs;
  const run = (each: Waiting) => {
    each.cancel = clock.after(each.dueMs - nowMs(), () => {
      waiting.delete(each);
      each.callback();
    });
  };
  return {
    monotonicMs: nowMs,
    wallMs: clock.wallMs,
    after(delayMs, callback) {
      const each: Waiting = { dueMs: nowMs() + delayMs, callback, cancel: () => {} };
      waiting.add(each);
      if (stoppedAtMs === undefined) run(each);
      return () => {
        each.cancel();
        waiting.delete(each);
      };
    },
    stop() {
      if (stoppedAtMs !== undefined) return;
      stoppedAtMs = clock.monotonicMs();
      for (const each of waiting) each.cancel();
    },
    go() {
      if (stoppedAtMs === undefined) return;
      stoodMs += clock.monotonicMs() - stoppedAtMs;
      stoppedAtMs = undefined;
      for (const each of waiting) run(each);
    },
  };
}
