import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What a machine showed, as files; a value that begins with `->` is a link. Large folders are kept as what they say, not as trees. */
export type Recorded = Record<string, string>;

const gpu = (address: string, numa: number, group: number, [vendor, device]: readonly [string, string], driver = 'nvidia'): Recorded => ({
  [`sys/bus/pci/devices/${address}/class`]: '0x030200\n',
  [`sys/bus/pci/devices/${address}/vendor`]: `${vendor}\n`,
  [`sys/bus/pci/devices/${address}/device`]: `${device}\n`,
  [`sys/bus/pci/devices/${address}/numa_node`]: `${numa}\n`,
  [`sys/bus/pci/devices/${address}/driver`]: `->../../../bus/pci/drivers/${driver}`,
  [`sys/bus/pci/devices/${address}/iommu_group`]: `->../../../kernel/iommu_groups/${group}`,
  [`sys/kernel/iommu_groups/${group}/devices/${address}`]: '',
});

const numa = (id: number, cpus: string, kibibytes: number): Recorded => ({
  [`sys/devices/system/node/node${id}/cpulist`]: `${cpus}\n`,
  [`sys/devices/system/node/node${id}/meminfo`]: `Node ${id} MemTotal:       ${kibibytes} kB\nNode ${id} MemFree:        1 kB\n`,
});

const hopper = ['0x10de', '0x2335'] as const;
const addresses = ['1b', '3c', '4d', '5e', '9b', 'ba', 'ca', 'db'].map((bus) => `0000:${bus}:00.0`);

/** Two sockets, eight GPUs of one kind, four near each socket. */
export const eightGpus: Recorded = {
  'sys/devices/system/cpu/online': '0-191\n',
  'proc/meminfo': 'MemTotal:       2113448976 kB\nMemFree:        1 kB\n',
  'proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu vmx sse\n',
  'dev/kvm': '',
  'etc/machine-id': '3f1c9b7f0f3f4a0e8d8f3a4be2d9c001\n',
  'etc/os-release': 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n',
  'proc/sys/kernel/osrelease': '6.8.0-45-generic\n',
  'proc/sys/kernel/random/boot_id': '8e0c4a52-6f43-4f1c-9a3e-1d4bca3a4c11\n',
  ...numa(0, '0-47,96-143', 1056724488),
  ...numa(1, '48-95,144-191', 1056724488),
  ...Object.assign({}, ...addresses.map((address, at) => gpu(address, at < 4 ? 0 : 1, 20 + at, hopper))),
};
export const eightGpusSmi = addresses
  .map((address, at) => `GPU-0000000${at}-aaaa-bbbb-cccc-000000000000, NVIDIA H200, 143771, 0000${address.toUpperCase()}`)
  .join('\n');

/** One socket, a console of the board, two old and two new GPUs, one of them given to vfio-pci, one of another maker. */
export const mixedModels: Recorded = {
  'sys/devices/system/cpu/online': '0-31\n',
  'proc/meminfo': 'MemTotal:       131882428 kB\n',
  ...numa(0, '0-31', 131882428),
  'sys/bus/pci/devices/0000:02:00.0/class': '0x030000\n',
  'sys/bus/pci/devices/0000:02:00.0/vendor': '0x1a03\n',
  'sys/bus/pci/devices/0000:02:00.0/device': '0x2000\n',
  'sys/bus/pci/devices/0000:01:00.1/class': '0x040300\n',
  'sys/bus/pci/devices/0000:01:00.1/vendor': '0x10de\n',
  'sys/kernel/iommu_groups/14/devices/0000:01:00.1': '',
  ...gpu('0000:01:00.0', -1, 14, ['0x10de', '0x2204'], 'vfio-pci'),
  ...gpu('0000:21:00.0', 0, 15, ['0x10de', '0x2684']),
  ...gpu('0000:41:00.0', 0, 16, ['0x10de', '0x2684']),
  ...gpu('0000:61:00.0', 0, 17, ['0x1002', '0x73bf'], 'amdgpu'),
};
export const mixedModelsSmi = 'GPU-4090aaaa-0000-0000-0000-000000000001, NVIDIA GeForce RTX 4090, 24564, 00000000:21:00.0\n';

/** Lays it out under a folder that goes with the process. */
export function layOut(recorded: Recorded): string {
  const root = mkdtempSync(join(tmpdir(), 'river-machine-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(recorded)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content.startsWith('->')) symlinkSync(content.slice(2), file);
    else writeFileSync(file, content);
  }
  return root;
}
