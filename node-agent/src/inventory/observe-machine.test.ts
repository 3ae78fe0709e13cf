import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { eightGpus, eightGpusSmi, layOut, mixedModels, mixedModelsSmi, type Recorded } from '../testing/recorded-machines.ts';
import { formatCpuList, InventoryError, parseCpuList } from './cpu-list.ts';
import { observeMachine } from './observe-machine.ts';
import { readTree } from './read-tree.ts';

const observe = (recorded: Recorded, smi?: string | Error) =>
  observeMachine({
    tree: readTree(layOut(recorded)),
    run: async () => {
      if (smi instanceof Error) throw smi;
      return smi;
    },
    architecture: 'x64',
  });

describe('what a machine has', () => {
  it('tells cores, memory, NUMA nodes and GPUs of a two-socket machine with eight GPUs', async () => {
    const machine = await observe(eightGpus, eightGpusSmi);
    assert.deepEqual(machine.problems, []);
    assert.equal(machine.cpus.length, 192);
    assert.deepEqual(machine.numa[1], { id: 1, cpus: '48-95,144-191', memoryBytes: 1056724488 * 1024 });
    assert.deepEqual(
      machine.gpus.map(({ index, numaNode, health }) => [index, numaNode, health]),
      [0, 1, 2, 3, 4, 5, 6, 7].map((index) => [index, index < 4 ? 0 : 1, 'Healthy']),
    );
    assert.equal(machine.gpus[5]?.memoryBytes, 143771 * 2 ** 20);
    assert.deepEqual(machine.iommuGroups[0], { id: 20, devices: ['0000:1b:00.0'] });
    assert.equal(machine.kvm, true);
    assert.equal(machine.operatingSystem, 'Ubuntu 24.04.1 LTS');
  });

  it('numbers GPUs by where they sit, whoever holds them, and counts no console of the board', async () => {
    const { gpus, iommuGroups, kvm } = await observe(mixedModels, mixedModelsSmi);
    assert.deepEqual(
      gpus.map(({ index, pciAddress, driver, model, health }) => [index, pciAddress, driver, model, health]),
      [
        [0, '0000:01:00.0', 'vfio-pci', 'NVIDIA 2204', 'Healthy'],
        [1, '0000:21:00.0', 'nvidia', 'NVIDIA GeForce RTX 4090', 'Healthy'],
        [2, '0000:41:00.0', 'nvidia', 'NVIDIA 2684', 'Unhealthy'],
        [3, '0000:61:00.0', 'amdgpu', 'AMD 73bf', 'Healthy'],
      ],
    );
    assert.equal(gpus[0]?.numaNode, undefined);
    assert.deepEqual(iommuGroups[0], { id: 14, devices: ['0000:01:00.0', '0000:01:00.1'] });
    assert.equal(kvm, false);
  });

  it('says what it could not read and goes on with the rest', async () => {
    const broken = { ...eightGpus, 'sys/devices/system/node/node0/cpulist': 'rubbish' };
    const { problems, cpus, numa, gpus } = await observe(broken, new Error('nvidia-smi gave no answer in 10 s'));
    assert.deepEqual(
      problems.map(({ part }) => part),
      ['nvidia-smi', 'numa'],
    );
    assert.equal(cpus.length, 192);
    assert.deepEqual(numa, []);
    assert.equal(gpus.filter(({ health }) => health === 'Unhealthy').length, 8);
  });

  it('stands when there is nothing at all', async () => {
    const { problems, gpus, kvm, iommu } = await observe({ 'etc/nothing': '' });
    assert.deepEqual([problems.map(({ part }) => part), gpus, kvm, iommu], [['cpus', 'memory'], [], false, false]);
  });

  it('trusts no line of nvidia-smi that it does not understand', async () => {
    const { problems } = await observe(mixedModels, `${mixedModelsSmi}No devices were found\n`);
    assert.match(problems[0]?.message ?? '', /No devices were found/);
  });
});

describe('lists of cores', () => {
  it('writes what it has read', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(8191), { maxLength: 50 }), (cpus) => {
        const sorted = [...cpus].sort((a, b) => a - b);
        assert.deepEqual(parseCpuList(formatCpuList(cpus)), sorted);
      }),
    );
  });

  it('takes nothing else, however large', () => {
    for (const wrong of ['a', '1-', '3-1', '0,,1', '0-99999', '-1', '1 2']) assert.throws(() => parseCpuList(wrong), InventoryError);
  });
});
