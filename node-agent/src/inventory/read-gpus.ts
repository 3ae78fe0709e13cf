import { InventoryError } from './cpu-list.ts';
import type { ReadTree } from './read-tree.ts';

export interface Gpu {
  index: number;
  uuid?: string;
  model?: string;
  memoryBytes?: number;
  pciAddress?: string;
  numaNode?: number;
  iommuGroup?: number;
  driver?: string;
  health: 'Healthy' | 'Unhealthy';
}

/** What the driver's own tool says of one GPU. */
export interface ReportedGpu {
  uuid: string;
  model: string;
  memoryBytes: number;
  pciAddress: string;
}

const mostGpus = 128;
const devices = 'sys/bus/pci/devices';
/** VGA, 3D and other display controllers. */
const displayClass = /^0x03(00|02|80)/;
/** Whose display controllers compute. What a board or a hypervisor brings to show its console is no GPU to give out. */
const vendors: Record<string, string> = { '0x10de': 'NVIDIA', '0x1002': 'AMD' };

/** What nvidia-smi is asked, and {@link parseNvidiaSmi} reads. */
export const nvidiaQuery = ['--query-gpu=uuid,name,memory.total,pci.bus_id', '--format=csv,noheader,nounits'];

/** @throws InventoryError for a line that is not understood: a GPU that is half known is given to nobody */
export function parseNvidiaSmi(text: string): ReportedGpu[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, mostGpus).map((line) => {
    const [uuid = '', model = '', mebibytes = '', bus = ''] = line.split(',').map((part) => part.trim());
    const [, address] = /^[0-9A-Fa-f]{4}([0-9A-Fa-f]{4}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])$/.exec(bus) ?? [];
    if (!/^GPU-[0-9A-Za-z-]{1,120}$/.test(uuid) || !/^[0-9]{1,9}$/.test(mebibytes) || address === undefined)
      throw new InventoryError(`nvidia-smi said "${line.slice(0, 120)}", which is not understood`);
    return { uuid, model: model.slice(0, 256), memoryBytes: Number(mebibytes) * 2 ** 20, pciAddress: address.toLowerCase() };
  });
}

/**
 * All GPUs by where they sit: that order is the same after a restart, also when a driver lost one. What the driver's tool says is
 * added by address; a GPU that the driver holds and the tool does not know is not well.
 */
export function readGpus(tree: ReadTree, reported: readonly ReportedGpu[]): Gpu[] {
  const known = new Map(reported.map((gpu) => [gpu.pciAddress, gpu]));
  const seen = tree.names(devices).filter((address) => isGpu(tree, address));
  // Without /sys, as in a container, the tool is all there is.
  const addresses = [...new Set([...seen, ...known.keys()])].sort().slice(0, mostGpus);
  return addresses.map((address, index) => {
    const report = known.get(address);
    return {
      index,
      pciAddress: address,
      ...placeOf(tree, address),
      ...nameOf(tree, address, report),
      health: healthOf(tree, address, report),
    };
  });
}

const isGpu = (tree: ReadTree, address: string): boolean =>
  displayClass.test(tree.text(`${devices}/${address}/class`) ?? '') && vendorOf(tree, address) !== undefined;
const vendorOf = (tree: ReadTree, address: string) => vendors[tree.text(`${devices}/${address}/vendor`) ?? ''];
const driverOf = (tree: ReadTree, address: string) => tree.linkName(`${devices}/${address}/driver`);

function healthOf(tree: ReadTree, address: string, report: ReportedGpu | undefined): Gpu['health'] {
  return driverOf(tree, address) === 'nvidia' && !report ? 'Unhealthy' : 'Healthy';
}

function placeOf(tree: ReadTree, address: string): Partial<Gpu> {
  const numaNode = numberIn(tree.text(`${devices}/${address}/numa_node`));
  const iommuGroup = numberIn(tree.linkName(`${devices}/${address}/iommu_group`));
  const driver = driverOf(tree, address);
  return { ...(numaNode !== undefined && { numaNode }), ...(iommuGroup !== undefined && { iommuGroup }), ...(driver && { driver }) };
}

function nameOf(tree: ReadTree, address: string, report: ReportedGpu | undefined): Partial<Gpu> {
  if (report) return { uuid: report.uuid, model: report.model, memoryBytes: report.memoryBytes };
  const device = tree.text(`${devices}/${address}/device`)?.replace(/^0x/, '');
  return { model: `${vendorOf(tree, address)} ${device ?? ''}`.trim() };
}

/** -1 is how the kernel says that it does not know. */
const numberIn = (text: string | undefined) => (text !== undefined && /^[0-9]{1,6}$/.test(text) ? Number(text) : undefined);
