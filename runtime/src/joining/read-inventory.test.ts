import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { readInventory } from './read-inventory.ts';

const root = mkdtempSync(join(tmpdir(), 'river-inventory-'));
after(() => rmSync(root, { recursive: true, force: true }));

it('names the GPUs of a machine, by their model where the driver tells it', () => {
  const put = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [address, kind] of [
    ['0000:3b:00.0', '0x030200'],
    ['0000:5e:00.0', '0x030000'],
    ['0000:00:1f.0', '0x060100'],
  ]) {
    put(`sys/bus/pci/devices/${address}/class`, `${kind}\n`);
    put(`sys/bus/pci/devices/${address}/vendor`, '0x10de\n');
    put(`sys/bus/pci/devices/${address}/device`, '0x2335\n');
  }
  put('proc/driver/nvidia/gpus/0000:3b:00.0/information', 'Model: \t\t NVIDIA H200\nIRQ: 1\n');
  assert.deepEqual(readInventory(root).gpus, ['0000:3b:00.0 NVIDIA H200', '0000:5e:00.0 10de:2335']);
});

it('says nothing of GPUs where there are none', () => {
  assert.deepEqual(readInventory(join(root, 'nowhere')).gpus, []);
  assert.ok(readInventory().cpus > 0);
});
