import type { KubeObject } from '@river/crds';

/** What was seen of all that can happen, counted. */
export interface Coverage {
  wrote(now: KubeObject | undefined, before: KubeObject | undefined): void;
  count(what: string): void;
  readonly counts: ReadonlyMap<string, number>;
}

interface Phased {
  status?: {
    phase?: string;
    reason?: string;
    waiting?: { reason?: string };
    conditions?: { type: string; status: string; reason: string }[];
  };
}

export function coverage(): Coverage {
  const counts = new Map<string, number>();
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    counts,
    count,
    wrote(now, before) {
      const { kind } = now ?? before ?? { kind: '' };
      if (!['Task', 'Placement', 'TaskSet', 'Node'].includes(kind)) {
        if (kind === 'Lease') leases(now, before, count);
        return;
      }
      // Kinds that have a phase and conditions as River's kinds do.
      const [was, is] = [before as (KubeObject & Phased) | undefined, now as (KubeObject & Phased) | undefined];
      if (is?.status?.phase !== was?.status?.phase || !now || !before)
        count(`${kind} ${was ? (was.status?.phase ?? '-') : '+'} → ${is ? (is.status?.phase ?? '-') : 'gone'}`);
      if (is?.status?.reason && is.status.reason !== was?.status?.reason) count(`${kind} reason ${is.status.reason}`);
      if (is?.status?.waiting?.reason && is.status.waiting.reason !== was?.status?.waiting?.reason)
        count(`${kind} waits ${is.status.waiting.reason}`);
      for (const { type, status, reason } of is?.status?.conditions ?? []) {
        const old = was?.status?.conditions?.find((each) => each.type === type);
        if (kind === 'Node' && (old?.status !== status || old.reason !== reason)) count(`Node ${type} ${status} ${reason}`);
      }
    },
  };
}

function leases(now: KubeObject | undefined, before: KubeObject | undefined, count: (what: string) => void): void {
  // A Lease, as the server has judged it.
  const holderOf = (lease: KubeObject | undefined) => (lease as { spec?: { holderIdentity?: string } } | undefined)?.spec?.holderIdentity;
  if (now && holderOf(now) !== holderOf(before)) {
    if (now.metadata.namespace === 'river-nodes') count(holderOf(now) === 'river-controllers' ? leaseTaken : 'Lease taken back');
    else count('Lease of the leader changes');
  }
}

export const leaseTaken = 'Lease taken from a node';
