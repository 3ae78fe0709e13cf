import { setTimeout as delay } from 'node:timers/promises';

/** Asks every 25 ms until the answer is something, or the time is over (undefined). */
export const waitUntil = async <T>(look: () => T | undefined, withinMs: number): Promise<T | undefined> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = look();
    if (seen !== undefined || performance.now() >= deadline) return seen;
    await delay(25);
  }
};
