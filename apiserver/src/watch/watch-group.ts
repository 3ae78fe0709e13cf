import type { Clock } from '@river/runtime';
import type { CacheEvent } from '../cache/object-cache.ts';
import type { Selection } from '../read/selection.ts';
import { type WatchEvent, watchEvent } from './watch-events.ts';
import type { WatchFormat } from './watch-format.ts';
import { httpChunk, type Member } from './watch-member.ts';

/** Watchers that want the same of the same resource. What happens is filtered and encoded once for all of them. */
export interface WatchGroup {
  take(events: readonly CacheEvent[]): void;
  /** Gives members what has been taken, now. */
  flush(): void;
  join(member: Member): void;
  leave(member: Member): void;
  bookmark(revision: bigint): void;
  endAll(lastWords?: Buffer): void;
  size(): number;
}

export interface GroupOptions {
  under: string;
  selection: Selection;
  format: WatchFormat;
  clock: Clock;
  /** While events come faster than this they travel together. */
  coalesceMs: number;
}

export function watchGroup({ under, selection, format, clock, coalesceMs }: GroupOptions): WatchGroup {
  const members = new Set<Member>();
  let pending: WatchEvent[] = [];
  let flushedAt = Number.NEGATIVE_INFINITY;
  let cancelFlush: (() => void) | null = null;

  const flush = () => {
    cancelFlush?.();
    cancelFlush = null;
    if (pending.length === 0) return;
    const events = pending;
    pending = [];
    flushedAt = clock.monotonicMs();
    const chunk = httpChunk(Buffer.concat(events.map((event) => format.event(event))));
    for (const member of members) member.send(chunk);
  };
  return {
    take(events) {
      if (members.size === 0) return;
      for (const event of events) {
        const seen = watchEvent(event, under, selection);
        if (seen) pending.push(seen);
      }
      if (pending.length === 0 || cancelFlush) return;
      const waitMs = flushedAt + coalesceMs - clock.monotonicMs();
      if (waitMs <= 0) flush();
      else cancelFlush = clock.after(waitMs, flush);
    },
    flush,
    join: (member) => members.add(member),
    leave: (member) => members.delete(member),
    bookmark(revision) {
      flush();
      const chunk = httpChunk(format.bookmark(revision, false));
      for (const member of members) if (member.isLive()) member.send(chunk);
    },
    endAll(lastWords) {
      flush();
      for (const member of members) member.end(lastWords);
    },
    size: () => members.size,
  };
}
