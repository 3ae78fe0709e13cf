import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { bootMs, fence, fenceMs } from './fence.ts';
import { cgroupPath, freezer } from './freezer.ts';

const start = () => {
  const done: string[] = [];
  const time = { nowMs: 1_000_000 };
  const held = fence({ nowMs: () => time.nowMs, freezer: { freeze: () => done.push('freeze'), thaw: () => done.push('thaw') } });
  return { done, time, held };
};

describe('the fence', () => {
  it('is frozen from its start until a renewal came', () => {
    const { done, held } = start();
    assert.deepEqual([done, held.isFrozen], [['freeze'], true]);
    held.check();
    held.renewed(999_000);
    assert.deepEqual([done, held.isFrozen], [['freeze', 'thaw'], false]);
  });

  it('counts from when the renewal was sent, not from when it was heard of', () => {
    const { done, time, held } = start();
    held.renewed(time.nowMs - 15_000);
    time.nowMs += 4_999;
    held.check();
    assert.equal(held.isFrozen, false);
    time.nowMs += 1;
    held.check();
    assert.deepEqual(done, ['freeze', 'thaw', 'freeze']);
  });

  it('is not thawed by what was sent too long ago, nor by what was sent in another life of the machine', () => {
    const { time, held } = start();
    held.renewed(time.nowMs - fenceMs);
    held.renewed(time.nowMs + 5);
    assert.equal(held.isFrozen, true);
  });

  it('that is told that its lease is lost stands still until the next renewal', () => {
    const { done, time, held } = start();
    held.renewed(time.nowMs - 10);
    held.expire();
    assert.deepEqual([done, held.isFrozen], [['freeze', 'thaw', 'freeze'], true]);
    held.renewed(time.nowMs);
    assert.equal(held.isFrozen, false);
  });

  it('is never open when the last renewal was sent longer ago than it may be', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ passMs: fc.nat(30_000), agoMs: fc.option(fc.nat(40_000)) }), { maxLength: 30 }), (steps) => {
        const { time, held } = start();
        let last = Number.NEGATIVE_INFINITY;
        for (const { passMs, agoMs } of steps) {
          time.nowMs += passMs;
          if (agoMs !== null) {
            last = Math.max(last, time.nowMs - agoMs);
            held.renewed(time.nowMs - agoMs);
          }
          held.check();
          assert.equal(held.isFrozen, time.nowMs - last >= fenceMs);
        }
      }),
    );
  });

  it('knows how long the machine has been running', () => assert.ok(bootMs() > 1000));
});

describe('the freezer', () => {
  const root = mkdtempSync(join(tmpdir(), 'river-cgroup-'));
  after(() => rmSync(root, { recursive: true, force: true }));

  it('knows where the engine puts its containers, by version and by who manages the tree', () => {
    assert.equal(cgroupPath('/river-fenced', 'cgroupfs', root), join(root, 'sys/fs/cgroup/freezer/river-fenced'));
    mkdirSync(join(root, 'two/sys/fs/cgroup'), { recursive: true });
    writeFileSync(join(root, 'two/sys/fs/cgroup/cgroup.controllers'), 'cpu memory');
    assert.equal(cgroupPath('/river-fenced', 'cgroupfs', join(root, 'two')), join(root, 'two/sys/fs/cgroup/river-fenced'));
    assert.equal(
      cgroupPath('river-fenced.slice', 'systemd', join(root, 'two')),
      join(root, 'two/sys/fs/cgroup/river.slice/river-fenced.slice'),
    );
  });

  it('writes what each version of cgroups wants to read', () => {
    const second = join(root, 'second');
    mkdirSync(second);
    writeFileSync(join(second, 'cgroup.freeze'), '0');
    freezer(second).freeze();
    assert.equal(readFileSync(join(second, 'cgroup.freeze'), 'utf8'), '1');
    assert.equal(freezer(second).isFrozen(), true);
    const first = join(root, 'first');
    freezer(first).freeze();
    assert.equal(readFileSync(join(first, 'freezer.state'), 'utf8'), 'FROZEN');
    freezer(first).thaw();
    assert.equal(freezer(first).isFrozen(), false);
  });

  it('ends all that is in it, however deep, and says so when it cannot', async () => {
    const children = [spawn('sleep', ['100']), spawn('sleep', ['100'])];
    const ended = Promise.all(children.map((child) => once(child, 'exit')));
    const third = join(root, 'third');
    mkdirSync(join(third, 'aa/bb'), { recursive: true });
    writeFileSync(join(third, 'aa/cgroup.procs'), `${children[0]?.pid}\n`);
    writeFileSync(join(third, 'aa/bb/cgroup.procs'), `${children[1]?.pid}\n`);
    assert.equal(freezer(third).isEmpty(), false);
    freezer(third).killAll();
    assert.deepEqual(await ended, [
      [null, 'SIGKILL'],
      [null, 'SIGKILL'],
    ]);
    writeFileSync(join(third, 'aa/cgroup.procs'), '0\n');
    assert.throws(() => freezer(third).killAll(), /process namespace/);
    assert.equal(freezer(join(root, 'nothing')).isEmpty(), true);
  });
});
