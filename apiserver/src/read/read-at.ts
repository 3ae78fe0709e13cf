import { ApiError, type Cause } from '@river/crds';
import type { Feed } from '../cache/feed.ts';
import { invalid } from '../schema/invalid.ts';
import type { Store } from '../store/store.ts';
import { readStore } from '../write/commit.ts';

export interface ReadDeps {
  store: Store;
  feed: Feed;
}

const freshDeadlineMs = 10_000;
const futureDeadlineMs = 3_000;

/** Resolves when the cache holds every write that was acknowledged, by any server, before this call. */
export async function reachNow({ store, feed }: ReadDeps): Promise<void> {
  const revision = await readStore(() => store.currentRevision());
  if (revision <= feed.revision()) return;
  if (await feed.reach(revision, freshDeadlineMs)) return;
  throw new ApiError('ServiceUnavailable', 'the cache does not keep up with the store; try again', { details: { retryAfterSeconds: 1 } });
}

/** Resolves when the cache is at least as new as `revision`. */
export async function reachRevision({ feed }: ReadDeps, revision: bigint): Promise<void> {
  if (await feed.reach(revision, futureDeadlineMs)) return;
  throw new ApiError('Timeout', `Too large resource version: ${revision}, current: ${feed.revision()}`, {
    details: {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
    },
  });
}

/** What is wrong with the query of a list or a watch. */
export const invalidListOptions = (causes: readonly Cause[]): ApiError =>
  invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);

/** A resourceVersion as a client gives it. */
export function parseRevision(text: string): bigint {
  if (!/^\d{1,19}$/.test(text)) {
    throw new ApiError(
      'BadRequest',
      `resourceVersion: Invalid value: ${JSON.stringify(text.slice(0, 100))}: must be a number as the server gave it`,
    );
  }
  return BigInt(text);
}
