import { ApiError, type KubeObject } from '@river/crds';
import { type Clock, type Logger, type ResourceClient, sleep } from '@river/runtime';
import { fenceMs } from '../guard/fence.ts';

export interface KeepingLease {
  leases: Pick<ResourceClient, 'create' | 'patch'>;
  node: string;
  clock: Clock;
  /** The machine's time since its start. */
  bootMs: () => number;
  /** A renewal that was sent then has been taken. */
  onRenewed: (sentMs: number) => Promise<void>;
  log: Logger;
  signal: AbortSignal;
}

const everyMs = 3_000;
const answerMs = 5_000;
export const leaseNamespace = 'river-nodes';

/** Renews the lease of this node every three seconds for as long as it lives. What fails is tried again at the next turn. */
export async function keepLease(keeping: KeepingLease): Promise<void> {
  const { clock, bootMs, onRenewed, log, signal } = keeping;
  let isTold = false;
  while (!signal.aborted) {
    const startMs = clock.monotonicMs();
    try {
      const sentMs = bootMs();
      await renew(keeping);
      await onRenewed(sentMs);
      isTold = false;
    } catch (error) {
      if (signal.aborted) return;
      log[isTold ? 'debug' : 'warn']('the lease of this node could not be renewed', { error });
      isTold = true;
    }
    await sleep(clock, Math.max(0, everyMs - (clock.monotonicMs() - startMs)), signal).catch(() => {});
  }
}

async function renew({ leases, node, clock, signal }: KeepingLease): Promise<void> {
  const renewTime = new Date(clock.wallMs()).toISOString().replace('Z', '000Z');
  const spec = { holderIdentity: node, leaseDurationSeconds: fenceMs / 1000, renewTime };
  const options = { namespace: leaseNamespace, signal, timeoutMs: answerMs };
  try {
    await leases.patch(node, { spec }, { ...options, type: 'merge' });
  } catch (error) {
    if (!ApiError.is(error, 'NotFound')) throw error;
    const lease: KubeObject & { spec: object } = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: node, namespace: leaseNamespace },
      spec,
    };
    await leases.create(lease, options);
  }
}
