import type { JsonObject } from '@river/crds';
import type { Lease } from '@river/crds/kinds';
import type { Change } from '../decide/decision.ts';

/** Where nodes renew their leases. */
export const nodesNamespace = 'river-nodes';

/**
 * Who holds a node's lease when the node has been silent for too long. Taking it is the one moment in which that is decided: it fails when
 * the node has renewed meanwhile, and a node that finds its lease taken knows that what it had frozen is not its own any more.
 */
export const leaseTaker = 'river-controllers';

export const isTaken = ({ spec }: Lease): boolean => spec?.holderIdentity === leaseTaker;

export function takeLease(lease: Lease): Change {
  const spec: JsonObject = { holderIdentity: leaseTaker, leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 };
  return { act: 'patch', of: lease, body: { spec } };
}
