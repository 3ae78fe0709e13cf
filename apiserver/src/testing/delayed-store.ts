import type { Store, StoreEvent } from '../store/store.ts';

/** A store whose watchers can be made to lag: what they are to be told waits until it is let through. */
export interface DelayedStore {
  store: Store;
  hold(): void;
  release(): void;
}

export function delayedStore(inner: Store): DelayedStore {
  const waiting: (() => void)[] = [];
  let isHeld = false;
  const release = () => {
    isHeld = false;
    for (let deliver = waiting.shift(); deliver; deliver = waiting.shift()) deliver();
  };
  return {
    store: {
      ...inner,
      watch: (prefix, from, watcher) =>
        inner.watch(prefix, from, {
          ...watcher,
          onEvents(events: StoreEvent[], upTo: bigint) {
            if (isHeld) waiting.push(() => watcher.onEvents(events, upTo));
            else watcher.onEvents(events, upTo);
          },
        }),
    },
    hold() {
      isHeld = true;
    },
    release,
  };
}
