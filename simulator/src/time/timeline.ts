/** Everything that is to happen, in order of virtual time. Nothing happens but by it. */
export interface Timeline {
  readonly nowMs: number;
  /** How many things have happened. */
  readonly steps: number;
  at(atMs: number, act: () => void): () => void;
  /** Does the next thing, up to that time, and lets all that follows from it without waiting come to rest. False when there is none. */
  step(untilMs: number): Promise<boolean>;
}

/** Times are multiples of a power of two, so that adding and subtracting them is exact, and nothing happens a rounding too early. */
const ticksInMs = 1024;
export const toTick = (ms: number): number => Math.ceil(ms * ticksInMs) / ticksInMs;

interface Entry {
  atMs: number;
  order: number;
  act: (() => void) | undefined;
}

/** Microtasks are all done when the event loop comes round, and nothing else is ever waited for. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const isBefore = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

export function timeline(): Timeline {
  const heap: Entry[] = [];
  let nowMs = 0;
  let made = 0;
  let steps = 0;
  return {
    get nowMs() {
      return nowMs;
    },
    get steps() {
      return steps;
    },
    at(atMs, act) {
      const entry: Entry = { atMs: Math.max(toTick(atMs), nowMs), order: made++, act };
      push(heap, entry);
      return () => {
        entry.act = undefined;
      };
    },
    async step(untilMs) {
      while (heap[0] && !heap[0].act) pop(heap);
      const next = heap[0];
      if (!next || next.atMs > toTick(untilMs)) {
        nowMs = Math.max(nowMs, toTick(untilMs));
        return false;
      }
      pop(heap);
      nowMs = next.atMs;
      steps++;
      next.act?.();
      await settle();
      return true;
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  heap.push(entry);
  for (let at = heap.length - 1; at > 0; ) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (!parent || !isBefore(entry, parent)) return;
    heap[at] = parent;
    heap[above] = entry;
    at = above;
  }
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  heap[0] = last;
  for (let at = 0; ; ) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const child = right && left && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
    const below = heap[child];
    if (!below || !isBefore(below, last)) return;
    heap[at] = below;
    heap[child] = last;
    at = child;
  }
}
