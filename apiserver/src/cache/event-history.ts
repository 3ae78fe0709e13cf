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
  /** Forgets all: what is added from now on is complete after `floor`. */
  clear(floor: bigint): void;
}

/** Everything that happens after `floor` is to be added. */
export function eventHistory(limits: HistoryLimits, floor: bigint): EventHistory {
  let events: CacheEvent[] = [];
  let bytes = 0;

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
    clear(newFloor) {
      events = [];
      bytes = 0;
      floor = newFloor;
    },
  };
}
