import { ApiError } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import type { Informer, ResourceClient } from '@river/runtime';
import type { Journal } from '../journal/journal.ts';
import type { Container } from '../plan/work.ts';
import { statusOf, type Trouble } from './status-of.ts';

export interface ReportDeps {
  placements: Pick<Informer<Placement>, 'byIndex'>;
  journal: Journal;
  api: Pick<ResourceClient<Placement>, 'patch'>;
  signal: AbortSignal;
}

/**
 * Writes what is not yet said. What was written last is known, also while the cache does not show it yet. Resolves with whether the
 * server has it now and it is still to go on.
 */
export function reporter({ placements, journal, api, signal }: ReportDeps) {
  const written = new Map<string, Placement>();
  return async (uid: string, container: Container | undefined, trouble?: Trouble): Promise<boolean> => {
    const seen = placements.byIndex('uid', uid)[0];
    const admission = journal.get(uid);
    if (!seen) written.delete(uid);
    if (!seen || !admission) return false;
    const mine = written.get(uid);
    const placement = mine && isNewer(mine, seen) ? mine : seen;
    // Final is final, whoever said it.
    if (placement.status?.conditions?.some(({ type, status: holds }) => type === 'Finished' && holds === 'True')) return false;
    const status = statusOf(placement, admission, container, trouble);
    if (isSame(status, placement.status)) return true;
    const { name, namespace = '', resourceVersion } = placement.metadata;
    const patch = { metadata: { ...(resourceVersion !== undefined && { resourceVersion }) }, status: { ...status, waiting: null } };
    try {
      // What is undefined is not in the JSON, and JSON is all that it is.
      const answer = await api.patch(name, JSON.parse(JSON.stringify(patch)), { type: 'merge', namespace, subresource: 'status', signal });
      written.set(uid, answer);
      return true;
    } catch (error) {
      if (ApiError.is(error, 'NotFound')) return false;
      written.delete(uid);
      throw error;
    }
  };
}

const isNewer = (a: Placement, b: Placement): boolean =>
  a.metadata.uid === b.metadata.uid && BigInt(a.metadata.resourceVersion ?? 0) > BigInt(b.metadata.resourceVersion ?? 0);

/** Whether both say the same, in whatever order. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined && part !== null)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
