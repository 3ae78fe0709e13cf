import { createHash } from 'node:crypto';
import { isObject, type Json } from '@river/crds';
import type { Placement, Task } from '@river/crds/kinds';

/** What a Placement has from its Task: everything but what says when, whether and how often. */
export type Work = Omit<Task['spec'], 'retry' | 'dependsOn' | 'approval' | 'suspend' | 'cancel' | 'ttlAfterFinished'>;

export function workOf({ spec }: Task): Work {
  const { retry: _r, dependsOn: _d, approval: _a, suspend: _s, cancel: _c, ttlAfterFinished: _t, ...work } = spec;
  return work;
}

/** The part of it that may still change while it waits. */
export const schedulingFields = ['nodeSelector', 'tolerations', 'priority', 'priorityClassName', 'queue'] as const;

/** A digest of what is run and where: what somebody agrees to. The order of fields does not count. */
export function specDigest(task: Task): string {
  const fixed = Object.entries(workOf(task)).filter(([field]) => !schedulingFields.some((free) => free === field));
  return `sha256:${createHash('sha256')
    .update(canonical(Object.fromEntries(fixed)))
    .digest('hex')}`;
}

const canonical = (value: Json): string => JSON.stringify(sorted(value));

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}

/** How it is to be treated when its node is cut off: whoever tries again after Lost says that another may take over. */
export const onDisconnectOf = ({ spec }: Task): Placement['spec']['onDisconnect'] =>
  spec.retry.limit > 0 && spec.retry.when.includes('Lost') ? 'Fence' : spec.onDisconnect;
