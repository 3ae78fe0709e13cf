import { StoreError, type StoreEvent, type Watch, type Watcher } from './store.ts';

/** Past events under a prefix: whole revisions, in order. */
export interface HistoryPage {
  events: StoreEvent[];
  /** Nothing at or below this is missing from what was returned so far. */
  upTo: bigint;
  /** True when this page reaches the present of the store at the time of the read. */
  complete: boolean;
}

/**
 * Hands one stream of changes to many watchers. Each first catches up from history, then lives from `publish`,
 * without a gap, a repeat or a change of order between the two.
 */
export interface FanOut {
  /** Whole revisions, in order, everything after what was published before. */
  publish(events: readonly StoreEvent[], upTo: bigint): void;
  watch(prefix: string, fromRevision: bigint, watcher: Watcher): Watch;
  /** Ends every watch. */
  end(error: StoreError): void;
}

/** @throws StoreError `Compacted` from `history` when events after `after` are gone; it must see all that was published before it was called. */
export type History = (prefix: string, after: bigint) => Promise<HistoryPage>;

interface Batch {
  events: readonly StoreEvent[];
  upTo: bigint;
}

interface Subscriber {
  prefix: string;
  watcher: Watcher;
  position: bigint;
  closed: boolean;
  /** What was published while history is read: undefined when live, 'overflow' when too much came and history must be read again. */
  waiting: Batch[] | 'overflow' | undefined;
  waitingEvents: number;
}

const MAX_WAITING_EVENTS = 10_000;

export function fanOut(history: History): FanOut {
  const subscribers = new Set<Subscriber>();
  const published: Batch[] = [];
  let isPublishing = false;

  async function catchUp(subscriber: Subscriber): Promise<void> {
    while (!subscriber.closed) {
      subscriber.waiting = [];
      subscriber.waitingEvents = 0;
      const page = await history(subscriber.prefix, subscriber.position);
      deliver(subscriber, page);
      if (page.complete && drain(subscriber)) return;
    }
  }

  const stop = (subscriber: Subscriber): boolean => {
    subscriber.closed = true;
    subscriber.waiting = undefined;
    return subscribers.delete(subscriber);
  };

  const end = (subscriber: Subscriber, error: StoreError): void => {
    if (stop(subscriber)) guarded(() => subscriber.watcher.onEnd(error));
  };

  return {
    publish(events, upTo) {
      published.push({ events, upTo });
      if (isPublishing) return;
      isPublishing = true;
      for (let batch = published.shift(); batch; batch = published.shift()) {
        for (const subscriber of subscribers) offer(subscriber, batch);
      }
      isPublishing = false;
    },
    watch(prefix, fromRevision, watcher) {
      const subscriber: Subscriber = { prefix, watcher, position: fromRevision, closed: false, waiting: [], waitingEvents: 0 };
      subscribers.add(subscriber);
      catchUp(subscriber).catch((error: unknown) => end(subscriber, asStoreError(error)));
      return { close: () => void stop(subscriber) };
    },
    end(error) {
      for (const subscriber of [...subscribers]) end(subscriber, error);
    },
  };
}

function offer(subscriber: Subscriber, batch: Batch): void {
  if (subscriber.waiting === undefined) deliver(subscriber, batch);
  if (!Array.isArray(subscriber.waiting)) return;
  subscriber.waitingEvents += batch.events.length;
  if (subscriber.waitingEvents > MAX_WAITING_EVENTS) subscriber.waiting = 'overflow';
  else subscriber.waiting.push(batch);
}

/** Delivers what waited, also what comes in meanwhile; false when history must be read again. */
function drain(subscriber: Subscriber): boolean {
  if (subscriber.closed) return true;
  if (!Array.isArray(subscriber.waiting)) return false;
  for (let batch = subscriber.waiting.shift(); batch; batch = subscriber.waiting.shift()) {
    deliver(subscriber, batch);
    if (!Array.isArray(subscriber.waiting)) return subscriber.closed;
  }
  subscriber.waiting = undefined;
  return true;
}

function deliver(subscriber: Subscriber, { events, upTo }: Batch): void {
  const { prefix, position } = subscriber;
  if (subscriber.closed || upTo <= position) return;
  subscriber.position = upTo;
  const wanted = events.filter((event) => event.revision > position && event.key.startsWith(prefix));
  guarded(() => subscriber.watcher.onEvents(wanted, upTo));
}

/** A watcher that throws is a bug that must be seen, but the other watchers and the writer have no part in it. */
function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A watch ends for one of three reasons; what else went wrong is told as the cause of `Lost`. */
const asStoreError = (error: unknown): StoreError =>
  StoreError.is(error, 'Compacted') || StoreError.is(error, 'Closed')
    ? error
    : new StoreError('Lost', `the history could not be read: ${error instanceof Error ? error.message : error}`, { cause: error });
