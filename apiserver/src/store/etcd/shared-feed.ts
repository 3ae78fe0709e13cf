import { fanOut, type HistoryPage } from '../fan-out.ts';
import { type Store, StoreError, type StoreEvent } from '../store.ts';
import { CALL_DEADLINE_MS, type EtcdClient } from './etcd-client.ts';
import { type Following, follow } from './follow.ts';
import type { Layout } from './layout.ts';

/** One watch on etcd for all watchers of a store, started with the first of them. */
export interface SharedFeed {
  watch: Store['watch'];
  close(): void;
}

export function sharedFeed(client: EtcdClient, keys: Layout, currentRevision: () => Promise<bigint>): SharedFeed {
  const closing = new AbortController();
  let following: Promise<Following> | undefined;

  const start = async (): Promise<Following> => {
    const after = await currentRevision();
    return follow(
      client,
      keys,
      { after, isPresent: true },
      {
        onEvents: (events, upTo) => watchers.publish(events, upTo),
        onEnd(error) {
          following = undefined;
          watchers.end(error);
        },
      },
    );
  };

  /** Many watchers wait for one start; after a failure the next watcher tries again. */
  const started = (): Promise<Following> => {
    if (following) return following;
    const starting = start();
    following = starting;
    starting.catch(() => {
      if (following === starting) following = undefined;
    });
    return starting;
  };

  const watchers = fanOut(async (_prefix, after) => {
    await started();
    return readHistory(client, keys, after, await currentRevision(), closing.signal);
  });

  return {
    watch: watchers.watch,
    close() {
      watchers.end(closed());
      closing.abort();
      following?.then(
        (each) => each.close(),
        () => {},
      );
    },
  };
}

const HISTORY_EVENTS = 5_000;

/** What happened after `after`, up to `target` or until it is enough for one page. */
async function readHistory(client: EtcdClient, keys: Layout, after: bigint, target: bigint, signal: AbortSignal): Promise<HistoryPage> {
  if (signal.aborted) throw closed();
  if (after >= target) return { events: [], upTo: target, complete: true };
  const { promise, resolve, reject } = Promise.withResolvers<HistoryPage>();
  const events: StoreEvent[] = [];
  const silent = setTimeout(() => reject(new StoreError('Unavailable', 'etcd: no history came in time')), CALL_DEADLINE_MS);
  const abort = () => reject(closed());
  signal.addEventListener('abort', abort);
  const follower = {
    onEvents(more: StoreEvent[], upTo: bigint) {
      for (const event of more) events.push(event);
      silent.refresh();
      if (upTo >= target || events.length >= HISTORY_EVENTS) resolve({ events, upTo, complete: upTo >= target });
    },
    onEnd: reject,
  };
  const reading = follow(client, keys, { after }, follower);
  try {
    return await promise;
  } finally {
    clearTimeout(silent);
    signal.removeEventListener('abort', abort);
    reading.close();
  }
}

const closed = (): StoreError => new StoreError('Closed', 'the store is closed');
