import { formatCpuList, InventoryError, parseCpuList } from './cpu-list.ts';
import { type Gpu, nvidiaQuery, parseNvidiaSmi, readGpus } from './read-gpus.ts';
import type { ReadTree } from './read-tree.ts';

export interface NumaNode {
  id: number;
  cpus: string;
  memoryBytes?: number;
}

export interface Machine {
  cpus: number[];
  memoryBytes: number;
  numa: NumaNode[];
  gpus: Gpu[];
  iommuGroups: { id: number; devices: string[] }[];
  iommu: boolean;
  kvm: boolean;
  architecture?: string;
  operatingSystem?: string;
  kernelVersion?: string;
  machineId?: string;
  bootId?: string;
  /** What could not be told, and why; the rest stands. */
  problems: { part: string; message: string }[];
}

export interface Looking {
  tree: ReadTree;
  /** Runs a program with a deadline and a bounded output; nothing when it is not installed. */
  run: (program: string, args: readonly string[]) => Promise<string | undefined>;
  architecture: string;
}

const mostNumaNodes = 128;
const architectures: Record<string, string> = { x64: 'amd64' };

/** What this machine has. Each part is read by itself: one that cannot be told never hides the others. */
export async function observeMachine({ tree, run, architecture }: Looking): Promise<Machine> {
  const problems: Machine['problems'] = [];
  const part = async <T>(name: string, look: () => T | Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      problems.push({ part: name, message: error.message.slice(0, 500) });
      return otherwise;
    }
  };
  const reported = await part('nvidia-smi', async () => parseNvidiaSmi((await run('nvidia-smi', nvidiaQuery)) ?? ''), []);
  const gpus = await part('gpus', () => readGpus(tree, reported), []);
  const groups = await part('iommu', () => tree.names('sys/kernel/iommu_groups'), []);
  return {
    cpus: await part('cpus', () => readCpus(tree), []),
    memoryBytes: await part('memory', () => memoryIn(tree.text('proc/meminfo'), 'MemTotal') ?? unknown('/proc/meminfo'), 0),
    numa: await part('numa', () => readNuma(tree), []),
    gpus,
    iommuGroups: await part('iommu', () => gpuGroups(tree, gpus), []),
    iommu: groups.length > 0,
    kvm: await part('kvm', () => hasKvm(tree), false),
    architecture: architectures[architecture] ?? architecture,
    ...(await part('names', () => readNames(tree), {})),
    problems,
  };
}

const unknown = (what: string): never => {
  throw new InventoryError(`${what} does not say`);
};

function readCpus(tree: ReadTree): number[] {
  const online = tree.text('sys/devices/system/cpu/online');
  if (online) return parseCpuList(online);
  const processors = [...(tree.text('proc/cpuinfo') ?? '').matchAll(/^processor\s*:\s*([0-9]{1,4})$/gm)].map(([, id]) => Number(id));
  return processors.length > 0 ? processors : unknown('/sys/devices/system/cpu/online');
}

/** `MemTotal:  16384 kB`, also as `Node 0 MemTotal: …`. */
function memoryIn(text: string | undefined, field: string): number | undefined {
  const [, kibibytes] = new RegExp(`^(?:Node [0-9]+ )?${field}:\\s*([0-9]{1,15}) kB$`, 'm').exec(text ?? '') ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

function readNuma(tree: ReadTree): NumaNode[] {
  const nodes = 'sys/devices/system/node';
  const ids = tree.names(nodes).flatMap((name) => /^node([0-9]{1,4})$/.exec(name)?.[1] ?? []);
  return ids.slice(0, mostNumaNodes).map((id) => {
    const memoryBytes = memoryIn(tree.text(`${nodes}/node${id}/meminfo`), 'MemTotal');
    const cpus = formatCpuList(parseCpuList(tree.text(`${nodes}/node${id}/cpulist`) ?? ''));
    return { id: Number(id), cpus, ...(memoryBytes !== undefined && { memoryBytes }) };
  });
}

/** Only groups with a GPU: the others are of no use to anybody here. */
function gpuGroups(tree: ReadTree, gpus: readonly Gpu[]): Machine['iommuGroups'] {
  const ids = [...new Set(gpus.flatMap(({ iommuGroup }) => iommuGroup ?? []))].sort((a, b) => a - b);
  return ids.map((id) => ({ id, devices: tree.names(`sys/kernel/iommu_groups/${id}/devices`) }));
}

/** The device alone proves nothing: some hosts show it where the processor cannot do it. */
const hasKvm = (tree: ReadTree): boolean =>
  tree.names('dev').includes('kvm') && /^flags\s*:.*\b(vmx|svm)\b/m.test(tree.text('proc/cpuinfo') ?? '');

function readNames(tree: ReadTree) {
  const [, operatingSystem] = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(tree.text('etc/os-release') ?? '') ?? [];
  const names = {
    operatingSystem,
    kernelVersion: tree.text('proc/sys/kernel/osrelease'),
    machineId: tree.text('etc/machine-id'),
    bootId: tree.text('proc/sys/kernel/random/boot_id'),
  };
  const given = Object.entries(names).flatMap(([name, value]) => (value ? [[name, value.slice(0, 128)]] : []));
  return Object.fromEntries(given);
}
