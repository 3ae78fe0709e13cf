import { compareKeys } from './keys.ts';

/** A sorted set of keys in short buckets: adding and removing stay cheap at hundreds of thousands. */
export interface SortedKeys {
  add(key: string): void;
  delete(key: string): void;
  /** Keys from `start` on (inclusive), in order. The set must not change while this runs. */
  from(start: string): Iterable<string>;
}

const MAX_BUCKET = 512;

export function sortedKeys(): SortedKeys {
  const buckets: string[][] = [[]];

  /** The bucket that holds `key` or would: the last one whose first key is not after it. */
  const bucketOf = (key: string): number => Math.max(0, firstAfter(buckets, key, (bucket) => bucket[0] ?? '') - 1);

  return {
    add(key) {
      const at = bucketOf(key);
      const bucket = buckets[at] ?? [];
      const index = firstAfter(bucket, key, (each) => each);
      if (bucket[index - 1] === key) return;
      bucket.splice(index, 0, key);
      if (bucket.length > MAX_BUCKET) buckets.splice(at + 1, 0, bucket.splice(MAX_BUCKET / 2));
    },
    delete(key) {
      const at = bucketOf(key);
      const bucket = buckets[at] ?? [];
      const index = firstAfter(bucket, key, (each) => each) - 1;
      if (bucket[index] !== key) return;
      bucket.splice(index, 1);
      if (bucket.length === 0 && buckets.length > 1) buckets.splice(at, 1);
    },
    *from(start) {
      for (let at = bucketOf(start); at < buckets.length; at++) {
        for (const key of buckets[at] ?? []) if (compareKeys(key, start) >= 0) yield key;
      }
    },
  };
}

function firstAfter<Item>(items: readonly Item[], key: string, keyOf: (item: Item) => string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && compareKeys(keyOf(item), key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
