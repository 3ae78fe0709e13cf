import { ApiError } from '@river/crds';
import type { Lease } from '@river/crds/kinds';
import type { Clock, ResourceClient } from '@river/runtime';
import { fenceMs } from '../guard/fence.ts';

export interface NodeLeaseDeps {
  leases: Pick<ResourceClient<Lease>, 'get' | 'create' | 'patch'>;
  node: string;
  /** Names the folder of this agent, and no other that ever was: a machine that joins under the same name is another holder. */
  identity: string;
  clock: Clock;
  /** The lease is another's, or gone. When this resolves, no fenced work that ever began here will do one step more. */
  onLost: () => Promise<void>;
  signal: AbortSignal;
}

export const leaseNamespace = 'river-nodes';
/** Who holds it from when the node was silent for too long: what is fenced here may be replaced from then on. */
const taker = 'river-controllers';
/** Another agent of this name that was not seen to renew for so long has frozen what it ran. */
const silentMs = fenceMs + 5_000;
const answerMs = 5_000;

/**
 * The lease of this node as a lock. As long as it is this agent's own, nobody may replace what is fenced here; each write names the
 * revision that was seen last, so that none gets past a taking. One that is another's is taken back only after {@link NodeLeaseDeps.onLost}.
 */
export function nodeLease({ leases, node, identity, clock, onLost, signal }: NodeLeaseDeps) {
  const options = { namespace: leaseNamespace, signal, timeoutMs: answerMs };
  let held: Lease | undefined;
  let stranger = { version: '', sinceMs: 0 };
  const spec = () => ({
    holderIdentity: identity,
    leaseDurationSeconds: fenceMs / 1000,
    renewTime: new Date(clock.wallMs()).toISOString().replace('Z', '000Z'),
  });
  const write = ({ metadata: { resourceVersion = '' } }: Lease, more: { leaseTransitions?: number } = {}) =>
    leases.patch(node, { metadata: { resourceVersion }, spec: { ...spec(), ...more } }, { ...options, type: 'merge' });
  const make = () => {
    const metadata = { name: node, namespace: leaseNamespace };
    return leases.create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: spec() }, options);
  };
  /** By when it was first seen as it is, with this agent's own clock. */
  const isSilent = ({ metadata: { resourceVersion = '' } }: Lease) => {
    if (stranger.version !== resourceVersion) stranger = { version: resourceVersion, sinceMs: clock.monotonicMs() };
    return clock.monotonicMs() - stranger.sinceMs >= silentMs;
  };
  const take = async (): Promise<Lease> => {
    const seen = await leases.get(node, options).catch(unlessGone);
    const { holderIdentity: holder, leaseTransitions = 0 } = seen?.spec ?? {};
    if (seen && holder === identity) return write(seen);
    await onLost();
    if (!seen) return make();
    if (holder && holder !== taker && !isSilent(seen)) throw new Error(`${holder}, another agent of the name ${node}, holds the lease`);
    return write(seen, { leaseTransitions: leaseTransitions + 1 });
  };
  return {
    /** Resolves when it is held, and was held without a gap or with everything ended that the gap has cost. */
    async renew(): Promise<void> {
      const renewed = held ? await write(held).catch(unlessChanged) : undefined;
      held = undefined;
      held = renewed ?? (await take());
    },
  };
}

function unlessGone(error: unknown): undefined {
  if (!ApiError.is(error, 'NotFound')) throw error;
}

function unlessChanged(error: unknown): undefined {
  if (!ApiError.is(error, 'NotFound') && !ApiError.is(error, 'Conflict')) throw error;
}
