import type { Clock } from './clock.ts';

const longestTimerMs = 2 ** 31 - 1;

/** This machine's clock. The only file that asks it. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    let timer: NodeJS.Timeout;
    // Node fires a timer beyond 24.8 days at once, so a longer one is waited for in parts.
    const wait = (leftMs: number) => {
      const partMs = Math.min(Math.max(leftMs, 0), longestTimerMs);
      timer = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : callback()), partMs);
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};
