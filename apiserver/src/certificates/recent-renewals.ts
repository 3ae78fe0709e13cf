import { isRequestName } from '@river/runtime';

/** Names of requests that were let in a moment ago: the cache may not show them yet. */
export interface RecentRenewals {
  /** Those that begin so. */
  of(prefix: string): string[];
  add(name: string): void;
}

/** No cache is as far behind as this; and so long one counts that was let in and came to nothing. */
const rememberMs = 10_000;

export function recentRenewals(now: () => Date): RecentRenewals {
  /** When each was let in, the oldest first. */
  const admitted = new Map<string, number>();
  return {
    of(prefix) {
      const fromMs = now().getTime() - rememberMs;
      for (const [name, atMs] of admitted) {
        if (atMs > fromMs) break;
        admitted.delete(name);
      }
      return [...admitted.keys()].filter((name) => isRequestName(name, prefix));
    },
    add(name) {
      admitted.delete(name);
      admitted.set(name, now().getTime());
    },
  };
}
