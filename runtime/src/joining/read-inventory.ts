import { readdirSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, hostname, release, totalmem, version } from 'node:os';
import { join } from 'node:path';

/** What a machine says of itself when it joins. Who approves looks at it; nothing is decided by it. */
export interface Inventory {
  hostname: string;
  architecture: string;
  kernel: string;
  cpus: number;
  memoryBytes: number;
  gpus: string[];
}

const mostGpus = 32;
/** Display controllers, as PCI counts them: VGA, 3D and others. */
const displayClass = /^0x03/;

export function readInventory(root = '/'): Inventory {
  return {
    hostname: hostname(),
    architecture: arch(),
    kernel: `${release()} ${version()}`.slice(0, 256),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    gpus: gpusBelow(root),
  };
}

function gpusBelow(root: string): string[] {
  const devices = join(root, 'sys/bus/pci/devices');
  const gpus = names(devices).filter((address) => displayClass.test(read(join(devices, address, 'class'))));
  return gpus.slice(0, mostGpus).map((address) => nameOf(root, devices, address));
}

/** The driver's name for it, where it tells one; else vendor and device by their numbers. */
function nameOf(root: string, devices: string, address: string): string {
  const model = /^Model:\s*(.*)$/m.exec(read(join(root, 'proc/driver/nvidia/gpus', address, 'information')))?.[1];
  const numbers = ['vendor', 'device']
    .map((what) =>
      read(join(devices, address, what))
        .trim()
        .replace(/^0x/, ''),
    )
    .join(':');
  return `${address} ${model || numbers}`.slice(0, 128);
}

/** What this machine does not have, or does not show, is left out. */
const names = (folder: string): string[] => quietly(() => readdirSync(folder).sort(), []);
const read = (file: string): string => quietly(() => readFileSync(file, 'utf8'), '');

function quietly<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return otherwise;
    throw error;
  }
}
