import type { CacheEvent } from './object-cache.ts';

export interface HistoryLimits {
  events: number;
  bytes: number;
}

/** The most recent changes of one resource, bounded in number and bytes. What it no longer has, it says. */
export interface EventHistory {
  add(event: CacheEvent): void;
  /** Null when some change after `revision` has been dropped. */
  after(revision: bigint): readonly CacheEvent[] | null;
  /** Everything after `revision` is here from now on. */
  completeFrom(revision: bigint): void;
  clear(): void;
}

export function eventHistory(limits: HistoryLimits): EventHistory {
  let events: CacheEvent[] = [];
  let bytes = 0;
  let floor = 0n;

  const drop = (count: number) => {
    const dropped = events.splice(0, count);
    for (const event of dropped) bytes -= event.object.bytes.length;
    floor = dropped.at(-1)?.revision ?? floor;
  };
  const firstAfter = (revision: bigint): number => {
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((events[middle]?.revision ?? 0n) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    add(event) {
      events.push(event);
      bytes += event.object.bytes.length;
      if (events.length > limits.events || bytes > limits.bytes) drop(Math.ceil(events.length / 4));
    },
    after: (revision) => (revision < floor ? null : events.slice(firstAfter(revision))),
    completeFrom(revision) {
      floor = revision;
    },
    clear() {
      events = [];
      bytes = 0;
    },
  };
}
