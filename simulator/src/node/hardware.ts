import type { Machine as Inventory } from '@river/node-agent';

export type Hardware = Omit<Inventory, 'bootId'>;

export interface Size {
  cores: number;
  gpus: number;
  gibibytes: number;
}

const gibibyte = 2 ** 30;

/** A machine of one socket, with GPUs of one model. */
export const hardware = (name: string, { cores, gpus, gibibytes }: Size): Hardware => ({
  cpus: Array.from({ length: cores }, (_, core) => core),
  memoryBytes: gibibytes * gibibyte,
  numa: [{ id: 0, cpus: `0-${cores - 1}`, memoryBytes: gibibytes * gibibyte }],
  gpus: Array.from({ length: gpus }, (_, index) => ({
    index,
    uuid: `GPU-${name}-${index}`,
    model: 'NVIDIA H200',
    memoryBytes: 64 * gibibyte,
    pciAddress: `0000:0${index + 1}:00.0`,
    numaNode: 0,
    driver: 'nvidia',
    health: 'Healthy' as const,
  })),
  iommuGroups: [],
  iommu: false,
  kvm: false,
  architecture: 'amd64',
  operatingSystem: 'Debian GNU/Linux 13',
  kernelVersion: '6.12.0',
  machineId: name,
  problems: [],
});
