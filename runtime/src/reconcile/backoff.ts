import { ApiError } from '@river/crds';
import { jittered, type Random } from '../random/random.ts';

export interface Backoff {
  baseMs: number;
  maxMs: number;
}

/** How long to wait after the n-th failure in a row (from 1): doubling up to a bound, spread by half, and never sooner than a server asked. */
export function backoffMs(failures: number, error: unknown, backoff: Backoff, random: Random): number {
  const grownMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(failures - 1, 30));
  const askedMs = ApiError.is(error) ? (error.details?.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(jittered(grownMs, 0.5, random), askedMs);
}
