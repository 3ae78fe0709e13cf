import type { Clock } from '@river/runtime';

/** A revision that only grows, and those who wait for it. */
export interface RevisionGate {
  revision(): bigint;
  advance(to: bigint): void;
  reach(revision: bigint, deadlineMs: number): Promise<boolean>;
  onAdvance(listener: (revision: bigint) => void): () => void;
}

interface Waiter {
  revision: bigint;
  settle: (reached: boolean) => void;
}

export function revisionGate(clock: Pick<Clock, 'after'>): RevisionGate {
  const listeners = new Set<(revision: bigint) => void>();
  const waiters = new Set<Waiter>();
  let current = 0n;

  return {
    revision: () => current,
    advance(to) {
      if (to <= current) return;
      current = to;
      for (const waiter of waiters) if (waiter.revision <= to) waiter.settle(true);
      for (const listener of listeners) listener(to);
    },
    reach(revision, deadlineMs) {
      if (revision <= current) return Promise.resolve(true);
      return new Promise((resolve) => {
        const waiter: Waiter = {
          revision,
          settle(reached) {
            waiters.delete(waiter);
            cancel();
            resolve(reached);
          },
        };
        const cancel = clock.after(deadlineMs, () => waiter.settle(false));
        waiters.add(waiter);
      });
    },
    onAdvance(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
