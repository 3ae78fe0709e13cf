import type { Store, StoredEntry, StoreEvent, Watch } from '../store/store.ts';
import type { HistoryLimits } from './event-history.ts';

export interface Snapshot {
  entries: StoredEntry[];
  revision: bigint;
}

/** Everything that the store holds, at one revision. */
export async function listAll(store: Store, pageSize: number): Promise<Snapshot> {
  const first = await store.list('', { limit: pageSize });
  const { entries, revision } = first;
  let { more } = first;
  while (more) {
    const after = entries.at(-1)?.key ?? '';
    const page = await store.list('', { limit: pageSize, after, revision });
    for (const entry of page.entries) entries.push(entry);
    more = page.more;
  }
  return { entries, revision };
}

export interface Past {
  events: StoreEvent[];
  /** Every event after this revision is among them. */
  floor: bigint;
}

/** The events of the last revisions up to `end`: as many as were asked for and fit. None when the store no longer has them. */
export function readPast(store: Store, end: bigint, { revisions, limits }: { revisions: number; limits: HistoryLimits }): Promise<Past> {
  const start = end > BigInt(revisions) ? end - BigInt(revisions) : 0n;
  if (start === end) return Promise.resolve({ events: [], floor: end });
  return new Promise((resolve) => {
    const past = boundedPast(start, limits);
    let watch: Watch | null = null;
    let isDone = false;
    const finish = (found: Past) => {
      isDone = true;
      watch?.close();
      resolve(found);
    };
    watch = store.watch('', start, {
      onEvents(events, upTo) {
        if (isDone) return;
        for (const event of events) if (event.revision <= end) past.take(event);
        if (upTo >= end) finish(past.found());
      },
      onEnd: () => {
        if (!isDone) finish({ events: [], floor: end });
      },
    });
    if (isDone) watch.close();
  });
}

function boundedPast(start: bigint, limits: HistoryLimits) {
  let events: StoreEvent[] = [];
  let bytes = 0;
  let floor = start;
  const startAfter = (revision: bigint) => {
    events = events.filter((event) => event.revision > revision);
    bytes = events.reduce((sum, event) => sum + sizeOf(event), 0);
    floor = revision;
  };
  return {
    take(event: StoreEvent) {
      events.push(event);
      bytes += sizeOf(event);
      // A deletion without what was deleted can be told to nobody.
      if (event.value === null && event.previous === null) startAfter(event.revision);
      else if (events.length > limits.events || bytes > limits.bytes)
        startAfter(events[Math.ceil(events.length / 4)]?.revision ?? event.revision);
    },
    found: (): Past => ({ events, floor }),
  };
}

const sizeOf = ({ value, previous }: StoreEvent): number => (value ?? previous?.value)?.length ?? 0;
