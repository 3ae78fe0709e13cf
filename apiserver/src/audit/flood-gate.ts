import type { Clock } from '@river/runtime';

/** Lets so many lines through, and counts the others. */
export interface FloodGate {
  /** `share` is what has a measure of its own; `source` is whom a line would be about. */
  lets(share: string, source: string): boolean;
  /** One that could not be kept for another reason. */
  count(source: string): void;
  /** What was counted since the last time, and forgets it. Undefined when that is nothing. */
  take(): LeftOut | undefined;
  /** How many were counted, ever. */
  total(): number;
}

export interface LeftOut {
  count: number;
  sinceMs: number;
  /** Those of whom most came, as far as they were kept apart. */
  sources: Record<string, number>;
}

export interface FloodLimits {
  /** Each share may have so many at once, and then so many a second. */
  burst: number;
  perSecond: number;
  /** So many shares are kept apart; the others are one. */
  shares: number;
  /** So many sources are named. */
  named: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

const others = 'others';

export function floodGate(limits: FloodLimits, clock: Pick<Clock, 'monotonicMs' | 'wallMs'>): FloodGate {
  const buckets = new Map<string, Bucket>();
  let total = 0;
  let leftOut: { count: number; sinceMs: number; sources: Map<string, number> } | undefined;

  const bucketOf = (share: string): Bucket => {
    const nowMs = clock.monotonicMs();
    const key = buckets.has(share) || buckets.size < limits.shares ? share : others;
    const bucket = buckets.get(key) ?? { left: limits.burst, atMs: nowMs };
    bucket.left = Math.min(limits.burst, bucket.left + ((nowMs - bucket.atMs) / 1000) * limits.perSecond);
    bucket.atMs = nowMs;
    buckets.set(key, bucket);
    return bucket;
  };
  /** Who has been quiet for as long as it takes to be let through again needs no bucket. */
  const forgetQuiet = () => {
    const before = clock.monotonicMs() - (limits.burst / limits.perSecond) * 1000;
    for (const [key, { atMs }] of buckets) if (atMs < before) buckets.delete(key);
  };
  const count = (source: string) => {
    leftOut ??= { count: 0, sinceMs: clock.wallMs(), sources: new Map() };
    const { sources } = leftOut;
    const key = sources.has(source) || sources.size < limits.named ? source : others;
    sources.set(key, (sources.get(key) ?? 0) + 1);
    leftOut.count++;
    total++;
  };
  return {
    lets(share, source) {
      const bucket = bucketOf(share);
      if (bucket.left < 1) {
        count(source);
        return false;
      }
      bucket.left--;
      return true;
    },
    count,
    take() {
      forgetQuiet();
      const taken = leftOut;
      leftOut = undefined;
      return taken && { ...taken, sources: Object.fromEntries(taken.sources) };
    },
    total: () => total,
  };
}
