import { posix } from 'node:path';
import { formatCpuList } from '../inventory/cpu-list.ts';
import type { Admission, Limits, Work } from './work.ts';

export interface Refusal {
  reason: string;
  message: string;
}

/**
 * Whether this node takes it on, beside what it has taken on already. The scheduler should never ask for what is refused here; but
 * there may be two schedulers for a moment, and the devices are here.
 */
export function refusalOf(work: Work, admissions: Iterable<Admission>, limits: Limits): Refusal | undefined {
  return missing(work, limits) ?? forbidden(work, limits) ?? taken(work, admissions);
}

function missing({ gpus, cpus }: Work, limits: Limits): Refusal | undefined {
  const noGpu = gpus.filter((index) => !limits.gpus.includes(index));
  if (noGpu.length > 0) return { reason: 'NoSuchDevice', message: `this node has no GPU ${noGpu.join(', ')} to give to a container` };
  const noCpu = cpus.filter((cpu) => !limits.cpus.includes(cpu));
  if (noCpu.length > 0) return { reason: 'NoSuchDevice', message: `this node has no core ${formatCpuList(noCpu)}` };
  return undefined;
}

function forbidden(work: Work, limits: Limits): Refusal | undefined {
  if (work.isPrivileged && !limits.allowsPrivileged)
    return { reason: 'PrivilegedNotAllowed', message: 'this node runs nothing privileged: start its agent with --allow-privileged' };
  if (work.usesHostNetwork && !limits.allowsHostNetwork)
    return {
      reason: 'HostNetworkNotAllowed',
      message: 'this node shares its network with no workload: start its agent with --allow-host-network',
    };
  if (work.usesSharedStorage && !limits.hasSharedStorage)
    return { reason: 'NoSharedStorage', message: 'this node sees no shared storage: start its agent with --shared DIR' };
  const path = work.hostPaths.find((wanted) => !limits.hostPaths.some((allowed) => isWithin(allowed, wanted)));
  return path === undefined
    ? undefined
    : {
        reason: 'MountNotAllowed',
        message: `${path.slice(0, 200)} is not among the folders that this node shows to workloads (--allow-mount)`,
      };
}

function taken(work: Work, admissions: Iterable<Admission>): Refusal | undefined {
  for (const { uid, outcome, gpus, cpus, namespace, name } of admissions) {
    if (outcome || uid === work.uid) continue;
    const gpu = work.gpus.find((index) => gpus.includes(index));
    const cpu = work.cpus.find((index) => cpus.includes(index));
    // Whose it is is told only within the namespace.
    const holder = namespace === work.namespace ? name : 'another workload';
    if (gpu !== undefined) return { reason: 'DeviceTaken', message: `GPU ${gpu} belongs to ${holder}` };
    if (cpu !== undefined) return { reason: 'DeviceTaken', message: `core ${cpu} belongs to ${holder}` };
  }
  return undefined;
}

/** Both are absolute. Links inside the folder are the engine's to resolve, so only what is written counts here. */
const isWithin = (allowed: string, wanted: string): boolean => {
  const path = posix.relative(posix.normalize(allowed), posix.normalize(wanted));
  return path === '' || (path !== '..' && !path.startsWith('../') && !posix.isAbsolute(path));
};
