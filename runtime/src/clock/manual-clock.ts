import type { Clock } from './clock.ts';

export interface ManualClock extends Clock {
  /** Moves time on and runs what falls due, in order, each at its own moment. */
  advance(byMs: number): void;
  /** How long until the next timer, or undefined when none is set. */
  nextInMs(): number | undefined;
}

interface Timer {
  dueMs: number;
  callback: () => void;
}

/** Time that stands still until told. Timers of the same moment run in the order in which they were set. */
export function manualClock(wallStartMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = 0;
  const timers = new Set<Timer>();
  const earliest = () =>
    [...timers].reduce<Timer | undefined>((best, timer) => (best && best.dueMs <= timer.dueMs ? best : timer), undefined);
  return {
    monotonicMs: () => nowMs,
    wallMs: () => wallStartMs + nowMs,
    after(delayMs, callback) {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(byMs) {
      const endMs = nowMs + byMs;
      for (let next = earliest(); next && next.dueMs <= endMs; next = earliest()) {
        timers.delete(next);
        nowMs = next.dueMs;
        next.callback();
      }
      nowMs = endMs;
    },
    nextInMs() {
      const next = earliest();
      return next && next.dueMs - nowMs;
    },
  };
}
