/** Keys in order. Adding at the end and adding many before the first look are cheap; adding in the middle moves memory, not objects. */
export interface SortedKeys {
  add(key: string): void;
  remove(key: string): void;
  /** The keys that start with `prefix`, after `after`. */
  under(prefix: string, after?: string): string[];
  clear(): void;
}

export function sortedKeys(): SortedKeys {
  let keys: string[] = [];
  let isSorted = true;

  const sort = () => {
    if (!isSorted) keys.sort();
    isSorted = true;
  };
  /** The first index whose key is not below `key`. */
  const lowerBound = (key: string): number => {
    sort();
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    add(key) {
      const last = keys.at(-1);
      if (last === undefined || last < key) keys.push(key);
      else if (isSorted && keys.length > 64) keys.splice(lowerBound(key), 0, key);
      else {
        keys.push(key);
        isSorted = false;
      }
    },
    remove(key) {
      const at = lowerBound(key);
      if (keys[at] === key) keys.splice(at, 1);
    },
    under(prefix, after) {
      const from = after !== undefined && after >= prefix ? lowerBound(`${after}\u0000`) : lowerBound(prefix);
      let to = from;
      while (to < keys.length && keys[to]?.startsWith(prefix)) to++;
      return keys.slice(from, to);
    },
    clear() {
      keys = [];
      isSorted = true;
    },
  };
}
