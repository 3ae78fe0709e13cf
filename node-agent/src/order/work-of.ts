import { durationMs } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import { parseCpuList } from '../inventory/cpu-list.ts';
import type { Work } from '../plan/work.ts';

/** Nobody waits longer than a day for what does not want to end. */
const mostGraceMs = 24 * 3_600_000;

/** What a Placement that is bound here wants of this node; nothing while it is not bound. One that is being deleted is to end. */
export function workOf({ metadata, spec, status }: Placement): Work | undefined {
  if (spec.nodeName === undefined || spec.epoch === undefined) return undefined;
  const mounts = spec.mounts ?? [];
  const holds = (wanted: string) => (status?.conditions ?? []).some(({ type, status: said }) => type === wanted && said === 'True');
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    epoch: spec.epoch,
    power: metadata.deletionTimestamp ? 'Stopped' : spec.power,
    isOver: holds('Finished'),
    hasBegun: holds('Accepted') && status?.epoch === spec.epoch,
    gpus: (spec.gpus ?? []).map(({ index }) => index),
    cpus: parseCpuList(spec.cpuset ?? ''),
    isPrivileged: spec.privileged,
    usesHostNetwork: spec.network.mode === 'Host',
    hostPaths: mounts.flatMap(({ hostPath }) => hostPath?.path ?? []),
    usesSharedStorage: mounts.some(({ shared }) => shared !== undefined),
    isFenced: spec.onDisconnect === 'Fence',
    graceMs: Math.min(durationMs(spec.gracePeriod), mostGraceMs),
    ...(spec.timeout !== undefined && { timeoutMs: durationMs(spec.timeout) }),
  };
}
