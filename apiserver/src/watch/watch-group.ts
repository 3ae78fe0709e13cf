import type { Clock, Turns } from '@river/runtime';
import type { CacheEvent } from '../cache/object-cache.ts';
import type { Selection } from '../read/selection.ts';
import { deliveries as inTurns } from './deliveries.ts';
import { type WatchEvent, watchEvent } from './watch-events.ts';
import type { WatchFormat } from './watch-format.ts';
import { httpChunk, type Member } from './watch-member.ts';

/** Watchers that want the same of the same resource. What happens is filtered and encoded once for all of them. */
export interface WatchGroup {
  take(events: readonly CacheEvent[]): void;
  /** What has been taken is for those who are members now. */
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
  turns: Turns;
}

/** What comes while a chunk is being delivered waits, to become the next; so much of it becomes one without delay, */
const chunkBytes = 64 * 1024;
/** and with so much of it the writers have to wait. */
const mostPendingBytes = 4 * 1024 * 1024;

export function watchGroup({ under, selection, format, clock, coalesceMs, turns }: GroupOptions): WatchGroup {
  const members = new Set<Member>();
  let pending: WatchEvent[] = [];
  let pendingBytes = 0;
  let isQueued = false;
  let flushedAt = Number.NEGATIVE_INFINITY;
  let cancelFlush: (() => void) | null = null;

  const flush = () => {
    cancelFlush?.();
    cancelFlush = null;
    if (pending.length === 0) return;
    const events = pending;
    pending = [];
    pendingBytes = 0;
    flushedAt = clock.monotonicMs();
    deliveries.add(httpChunk(Buffer.concat(events.map((event) => format.event(event)))), [...members]);
  };
  const flushInTurn = () => {
    if (isQueued) return;
    isQueued = true;
    turns(() => {
      isQueued = false;
      flush();
      return true;
    });
  };
  const flushSoon = () => {
    if (cancelFlush || pending.length === 0) return;
    const waitMs = flushedAt + coalesceMs - clock.monotonicMs();
    if (waitMs <= 0) flushInTurn();
    else cancelFlush = clock.after(waitMs, flushInTurn);
  };
  const deliveries = inTurns(turns, flushSoon);
  return {
    take(events) {
      if (members.size === 0) return;
      for (const event of events) {
        const seen = watchEvent(event, under, selection);
        if (!seen) continue;
        pending.push(seen);
        pendingBytes += seen.object.bytes.length;
      }
      if (pendingBytes >= mostPendingBytes) flush();
      else if (pendingBytes >= chunkBytes) flushInTurn();
      else if (deliveries.areDone()) flushSoon();
    },
    flush,
    join: (member) => members.add(member),
    leave: (member) => members.delete(member),
    bookmark(revision) {
      flush();
      const chunk = httpChunk(format.bookmark(revision, false));
      deliveries.add(
        chunk,
        [...members].filter((member) => member.isLive()),
      );
    },
    endAll(lastWords) {
      flush();
      deliveries.finish();
      for (const member of members) member.end(lastWords);
    },
    size: () => members.size,
  };
}
