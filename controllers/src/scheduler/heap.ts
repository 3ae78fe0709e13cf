export interface Heap<T> {
  readonly size: number;
  push(item: T): void;
  peek(): T | undefined;
  pop(): T | undefined;
}

/** A binary heap: the first by `isBefore` is on top. */
export function heap<T>(isBefore: (left: T, right: T) => boolean): Heap<T> {
  const items: T[] = [];

  const swap = (left: number, right: number) => {
    const [a, b] = [items[left], items[right]];
    if (a !== undefined && b !== undefined) [items[left], items[right]] = [b, a];
  };
  const goesBefore = (left: number, right: number) => {
    const [a, b] = [items[left], items[right]];
    return a !== undefined && b !== undefined && isBefore(a, b);
  };
  const rise = (from: number) => {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!goesBefore(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  };
  const sink = () => {
    for (let at = 0; ; ) {
      let first = at;
      if (goesBefore(2 * at + 1, first)) first = 2 * at + 1;
      if (goesBefore(2 * at + 2, first)) first = 2 * at + 2;
      if (first === at) return;
      swap(at, first);
      at = first;
    }
  };

  return {
    get size() {
      return items.length;
    },
    push(item) {
      items.push(item);
      rise(items.length - 1);
    },
    peek: () => items[0],
    pop() {
      const top = items[0];
      const last = items.pop();
      if (items.length > 0 && last !== undefined) {
        items[0] = last;
        sink();
      }
      return top;
    },
  };
}
