import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

const pollMs = 25;

/**
 * Looks until what is seen is right. The look may also throw: what it threw counts as what was seen.
 * @throws Error that tells what was waited for and what was seen last.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  isRight: (seen: T) => boolean = Boolean,
  deadlineMs = 15_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    let seen: unknown;
    try {
      const value = await look();
      if (isRight(value)) return value;
      seen = value;
    } catch (error) {
      seen = error;
    }
    if (performance.now() > end) {
      const shown = inspect(seen, { depth: 8, maxStringLength: 4_000 });
      throw new Error(`${what}: not within ${deadlineMs} ms; seen last: ${shown}`, { cause: seen });
    }
    await pause(pollMs);
  }
}

/** The promise, or an error that says what did not come. `seen` is asked only then. */
export async function within<T>(what: string, promise: Promise<T>, seen: () => unknown = () => '', deadlineMs = 15_000): Promise<T> {
  const timer = new AbortController();
  const late = pause(deadlineMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what}: not within ${deadlineMs} ms; seen: ${inspect(seen(), { depth: 8, maxStringLength: 4_000 })}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
