import type { Node } from '@river/crds/kinds';
import { parseCpuList } from './cpu-list.ts';
import { millisOf, unitsOf } from './read-amounts.ts';
import type { GpuFacts, NodeFacts } from './snapshot.ts';

type WrittenGpu = NonNullable<NonNullable<NonNullable<Node['status']>['topology']>['gpus']>[number];

/** What the scheduler knows of a node. */
export function readNode(node: Node): NodeFacts {
  const { spec, status, metadata } = node;
  const allocatable: Readonly<Record<string, string | number>> = status?.allocatable ?? status?.capacity ?? {};
  const gpus = readGpus(status?.topology?.gpus ?? []);
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    taints: spec.taints ?? [],
    isReady: !spec.declaredDead && isReady(node),
    isCordoned: spec.unschedulable || spec.drain || metadata.deletionTimestamp !== undefined,
    allocatable: {
      cpuMillis: millisOf(allocatable.cpu),
      memoryBytes: unitsOf(allocatable.memory),
      storageBytes: unitsOf(allocatable.ephemeralStorage),
      gpus: gpus.filter((gpu) => gpu.isUsable).length,
    },
    numa: (status?.topology?.numa ?? []).map(({ id, cpus, memory }) => ({
      id,
      cores: parseCpuList(cpus),
      memoryBytes: memory === undefined ? Number.POSITIVE_INFINITY : unitsOf(memory),
    })),
    gpus,
  };
}

const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;

const isSlice = (gpu: WrittenGpu): boolean => /\bMIG\b/.test(gpu.model ?? '');

/** A GPU that is cut into slices is not given whole: only its slices are. */
function readGpus(gpus: readonly WrittenGpu[]): GpuFacts[] {
  const cut = new Set(gpus.filter(isSlice).map(({ pciAddress }) => pciAddress));
  cut.delete(undefined);
  return gpus.map((gpu) => ({
    index: gpu.index,
    model: (gpu.model ?? '').toLowerCase(),
    memoryBytes: unitsOf(gpu.memory),
    isUsable: gpu.health === 'Healthy' && gpu.driver !== 'vfio-pci' && (isSlice(gpu) || !cut.has(gpu.pciAddress)),
    isSlice: isSlice(gpu),
    ...(gpu.uuid !== undefined && { uuid: gpu.uuid }),
    ...(gpu.pciAddress !== undefined && { pciAddress: gpu.pciAddress }),
    ...(gpu.numaNode !== undefined && { numaNode: gpu.numaNode }),
  }));
}
