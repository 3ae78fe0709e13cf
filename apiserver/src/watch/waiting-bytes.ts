/** Something that holds bytes for a reader who has not taken them. */
export interface Holder {
  waitingBytes(): number;
  /** Lets go of them, and of the reader. */
  cut(): void;
}

/** What waits for all watchers together, bounded: it is memory that their slowness takes from everybody. */
export interface WaitingBytes {
  /** To be called when a watcher was given something. Cuts it when too much waits for all, and more than its share for this one. */
  grew(holder: Holder): void;
  /** Cuts those for whom most is waiting while it is too much for all together, whatever they were given. */
  shed(): void;
}

/** To close a connection takes a while; the next look follows soon. */
const cutAtOnce = 32;

export function waitingBytes(mostBytes: number): WaitingBytes {
  /** As last seen: who reads takes away from it unseen. */
  const held = new Map<Holder, number>();
  let sum = 0;
  const note = (holder: Holder, bytes: number) => {
    sum += bytes - (held.get(holder) ?? 0);
    if (bytes > 0) held.set(holder, bytes);
    else held.delete(holder);
  };
  const cut = (holder: Holder) => {
    holder.cut();
    note(holder, 0);
  };
  return {
    grew(holder) {
      const bytes = holder.waitingBytes();
      note(holder, bytes);
      if (sum > mostBytes && bytes > mostBytes / held.size) cut(holder);
    },
    shed() {
      for (const holder of held.keys()) note(holder, holder.waitingBytes());
      if (sum <= mostBytes) return;
      const byBytes = [...held].sort(([, a], [, b]) => b - a).slice(0, cutAtOnce);
      for (const [holder] of byBytes) if (sum > mostBytes / 2) cut(holder);
    },
  };
}
