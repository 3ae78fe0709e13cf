import type { Store, StoreError, StoreEvent } from './store.ts';

/** What one watch has seen, for tests: waits for a condition, with a deadline that prints what was seen. */
export interface Watched {
  events: StoreEvent[];
  /** The size of each call to `onEvents`. */
  calls: { revisions: bigint[]; upTo: bigint }[];
  ended: StoreError[];
  until(condition: (seen: Watched) => boolean, what: string): Promise<void>;
  /** Waits until nothing at or below `revision` is still to come. */
  reached(revision: bigint): Promise<void>;
  close(): void;
}

export function watched(store: Store, prefix: string, fromRevision: bigint, deadlineMs = 15_000): Watched {
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const check of waiting) check();
  };
  const watch = store.watch(prefix, fromRevision, {
    onEvents(events, upTo) {
      seen.events.push(...events);
      seen.calls.push({ revisions: events.map(({ revision }) => revision), upTo });
      changed();
    },
    onEnd(error) {
      seen.ended.push(error);
      changed();
    },
  });
  const seen: Watched = {
    events: [],
    calls: [],
    ended: [],
    until(condition, what) {
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          waiting.delete(check);
          clearTimeout(timer);
          settle();
        };
        const check = () => condition(seen) && finish(resolve);
        const timer = setTimeout(() => finish(() => reject(new Error(`never ${what}; seen: ${describe(seen)}`))), deadlineMs);
        waiting.add(check);
        check();
      });
    },
    reached: (revision) => seen.until(({ calls }) => (calls.at(-1)?.upTo ?? fromRevision) >= revision, `reached revision ${revision}`),
    close: () => watch.close(),
  };
  return seen;
}

const describe = ({ events, calls, ended }: Watched): string =>
  `${events.length} events up to ${calls.at(-1)?.upTo}, last ${events.at(-1)?.key}@${events.at(-1)?.revision}, ended ${ended.map(({ reason }) => reason)}`;
