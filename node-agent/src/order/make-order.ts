import { existsSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { parseQuantity, quantityMillis, quantityUnits } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import type { MountOrder, WorkOrder } from '../driver/work-order.ts';
import type { Gpu } from '../inventory/read-gpus.ts';
import { envOf, OrderError, type SecretData } from './read-secrets.ts';

export interface OrderDeps {
  readSecret: (name: string) => Promise<SecretData | undefined>;
  /** Lays the keys of a Secret out as files in memory, and says where. */
  layOutSecret: (uid: string, at: number, data: SecretData, mode: number, user: string | undefined) => string;
  gpus: readonly Gpu[];
  sharedDir: string | undefined;
}

/** What the driver is told to make: everything looked up, nothing left to decide. */
export async function makeOrder(placement: Placement, deps: OrderDeps): Promise<WorkOrder> {
  const { metadata, spec } = placement;
  const { cpu, memory, sharedMemory } = spec.resources;
  return {
    uid: metadata.uid ?? '',
    epoch: spec.epoch ?? 0,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    image: spec.image,
    ...(spec.command && { command: spec.command }),
    ...(spec.args && { args: spec.args }),
    env: await envOf(placement, deps.readSecret),
    ...(spec.workingDirectory !== undefined && { workingDirectory: spec.workingDirectory }),
    ...(spec.user !== undefined && { user: spec.user }),
    cpuMillis: Number(quantityMillis(parseQuantity(cpu))),
    ...(memory !== undefined && { memoryBytes: bytesOf(memory) }),
    ...(sharedMemory !== undefined && { sharedMemoryBytes: bytesOf(sharedMemory) }),
    ...(spec.cpuset !== undefined && { cpuset: spec.cpuset }),
    ...(spec.numaNode !== undefined && { numaNode: spec.numaNode }),
    gpuUuids: (spec.gpus ?? []).map(({ index }) => uuidOf(index, deps.gpus)),
    mounts: await mountsOf(placement, deps),
    isPrivileged: spec.privileged,
    network: spec.network.mode,
    isFenced: spec.onDisconnect === 'Fence',
    logLimitBytes: bytesOf(spec.logs.limit),
  };
}

const bytesOf = (text: string | number): number => Number(quantityUnits(parseQuantity(text)));

function uuidOf(index: number, gpus: readonly Gpu[]): string {
  const uuid = gpus.find((gpu) => gpu.index === index)?.uuid;
  if (uuid === undefined)
    throw new OrderError('NoSuchDevice', `GPU ${index} of this node cannot be given to a container: its driver does not know it`);
  return uuid;
}

/** Users write in the shared storage: a link there must not lead out of it. */
function insideOf(sharedDir: string, path: string): string {
  const source = posix.join(sharedDir, path);
  if (!existsSync(source)) return source;
  const [home, real] = [realpathSync(sharedDir), realpathSync(source)];
  if (real === home || real.startsWith(`${home}/`)) return real;
  throw new OrderError('MountNotAllowed', `shared folder ${path}: a link in it leads out of the shared storage`);
}

async function mountsOf({ metadata, spec }: Placement, deps: OrderDeps): Promise<MountOrder[]> {
  const mounts: MountOrder[] = [];
  for (const [at, mount] of (spec.mounts ?? []).entries()) {
    const { mountPath: target, readOnly: isReadOnly, hostPath, shared, scratch, secret } = mount;
    if (hostPath) mounts.push({ kind: 'folder', source: posix.normalize(hostPath.path), target, isReadOnly });
    else if (shared && deps.sharedDir !== undefined)
      mounts.push({ kind: 'folder', source: insideOf(deps.sharedDir, shared.path), target, isReadOnly });
    else if (scratch?.medium === 'Memory')
      mounts.push({ kind: 'memory', target, ...(scratch.sizeLimit !== undefined && { sizeBytes: bytesOf(scratch.sizeLimit) }) });
    else if (scratch) mounts.push({ kind: 'disk', target });
    else if (secret) {
      const data = await deps.readSecret(secret.name);
      if (!data) throw new OrderError('SecretMissing', `the Secret ${secret.name}, to be mounted at ${target}, is not there`);
      const source = deps.layOutSecret(metadata.uid ?? '', at, data, secret.defaultMode, spec.user);
      mounts.push({ kind: 'folder', source, target, isReadOnly: true });
    }
  }
  return mounts;
}
