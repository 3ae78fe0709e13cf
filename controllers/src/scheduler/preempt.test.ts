import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { schedule } from './schedule.ts';
import { afterBindings } from './testing/advance.ts';
import { arbitrarySnapshot } from './testing/arbitrary-snapshot.ts';
import { gpuFacts, holderOf, nodeFacts, pendingOf, queueFacts, snapshotOf } from './testing/facts.ts';
import { play } from './testing/play.ts';

const nodes = [nodeFacts('ant', { cpu: 4 }), nodeFacts('bee', { cpu: 4 })];
const evictedBy = (snapshot: Parameters<typeof schedule>[0]) =>
  schedule(snapshot, 0).evictions.map(({ key, reason }) => `${key} ${reason}`);

describe('preemption', () => {
  it('sends away as few as needed, the lowest and youngest first, with their grace', () => {
    const holders = [
      holderOf('old', 'ant', { cpu: 2, priority: 1, startedMs: 1 }),
      holderOf('young', 'ant', { cpu: 2, priority: 1, startedMs: 2, graceMs: 5000 }),
      holderOf('middle', 'bee', { cpu: 2, priority: 2 }),
      holderOf('equal', 'bee', { cpu: 2, priority: 9 }),
    ];
    const { bindings, evictions } = schedule(snapshotOf({ nodes, holders, pending: [pendingOf('vip', { cpu: 2, priority: 9 })] }), 0);
    assert.deepEqual(bindings, []);
    assert.deepEqual(evictions, [{ key: 'lab/young', forKey: 'lab/vip', reason: 'Preempted', graceMs: 5000 }]);
  });

  it('never touches equals, what stays by a person’s wish, or anybody when the class says never', () => {
    const full = (some: object) => [holderOf('a', 'ant', { cpu: 4, ...some }), holderOf('b', 'bee', { cpu: 4, ...some })];
    const vip = pendingOf('vip', { cpu: 2, priority: 5 });
    assert.deepEqual(evictedBy(snapshotOf({ nodes, holders: full({ priority: 5 }), pending: [vip] })), []);
    assert.deepEqual(evictedBy(snapshotOf({ nodes, holders: full({ mayBeEvicted: false }), pending: [vip] })), []);
    assert.deepEqual(evictedBy(snapshotOf({ nodes, holders: full({}), pending: [{ ...vip, mayPreempt: false }] })), []);
  });

  it('sends nobody away twice for the same room, and gives it to whom it was made for', () => {
    const { startedMs, evictions } = play({
      snapshot: snapshotOf({
        nodes: [nodeFacts('ant', { cpu: 4 })],
        holders: ['a', 'b', 'c', 'd'].map((name) => holderOf(name, 'ant', { graceMs: 3000 })),
        pending: [pendingOf('vip', { cpu: 2, priority: 5, longestMs: 1000 })],
      }),
      arrivals: Array.from({ length: 20 }, (_, at) => pendingOf(`small-${at}`, { cpu: 1, createdMs: 1000 + at * 100, longestMs: 60_000 })),
    });
    assert.equal(evictions.length, 2);
    assert.equal(startedMs.get('lab/vip'), 3000);
    assert.ok((startedMs.get('lab/small-0') ?? 0) >= 3000);
  });

  it('makes room for several at once on one node', () => {
    const gpus = Array.from({ length: 4 }, (_, index) => gpuFacts(index));
    const { evictions } = schedule(
      snapshotOf({
        nodes: [nodeFacts('ant', { gpus })],
        holders: gpus.map(({ index }) => holderOf(`h${index}`, 'ant', { gpus: [index] })),
        pending: [0, 1, 2].map((at) => pendingOf(`vip-${at}`, { priority: 5, gpus: { count: 1, memoryBytes: 0 } })),
      }),
      0,
    );
    assert.equal(new Set(evictions.map(({ key }) => key)).size, 3);
  });

  it('makes room for a whole gang or for none of it', () => {
    const gang = { name: 'g', size: 3 };
    const members = (cpu: number) => [0, 1, 2].map((at) => pendingOf(`m${at}`, { cpu, priority: 5, gang }));
    const holders = [holderOf('a', 'ant', { cpu: 4 }), holderOf('b', 'bee', { cpu: 4 })];
    assert.equal(evictedBy(snapshotOf({ nodes, holders, pending: members(2) })).length, 2);
    assert.deepEqual(evictedBy(snapshotOf({ nodes, holders, pending: members(3) })), []);
  });

  it('lets an owner take back what was lent, whatever the priority, and only that', () => {
    const queues = [
      queueFacts('mine', { namespaces: ['me'], quota: { cpuMillis: 4000 } }),
      queueFacts('theirs', { namespaces: ['they'], quota: { cpuMillis: 4000 } }),
    ];
    const theirs = (name: string, node: string, priority: number) => holderOf(name, node, { namespace: 'they', cpu: 2, priority });
    const lent = [theirs('t1', 'ant', 9), theirs('t2', 'ant', 9), theirs('t3', 'bee', 9), theirs('t4', 'bee', 9)];
    const mine = (name: string) => pendingOf(name, { namespace: 'me', cpu: 2 });
    const taken = schedule(snapshotOf({ nodes, queues, holders: lent, pending: ['m1', 'm2', 'm3'].map(mine) }), 0).evictions;
    assert.deepEqual(
      taken.map(({ reason }) => reason),
      ['Reclaimed', 'Reclaimed'],
    );
    // Whoever borrowed does not get it back by priority alone.
    const holders = [
      ...lent.slice(0, 2),
      holderOf('m1', 'bee', { namespace: 'me', cpu: 2 }),
      holderOf('m2', 'bee', { namespace: 'me', cpu: 2 }),
    ];
    assert.deepEqual(
      evictedBy(snapshotOf({ nodes, queues, holders, pending: [pendingOf('t5', { namespace: 'they', cpu: 2, priority: 9 })] })),
      [],
    );
  });

  it('never evicts an equal or a higher one, whatever the cluster is', () => {
    fc.assert(
      fc.property(arbitrarySnapshot, fc.nat(10), (snapshot, raise) => {
        const half = Math.ceil(snapshot.pending.length / 2);
        const first = { ...snapshot, pending: snapshot.pending.slice(0, half) };
        const running = afterBindings(first, schedule(first, 0).bindings, 0);
        const vips = snapshot.pending.slice(half).map((each) => ({ ...each, priority: each.priority + raise }));
        for (const { key, forKey, reason } of schedule({ ...running, pending: vips }, 1).evictions) {
          const victim = running.holders.find((each) => each.key === key);
          const winner = vips.find((each) => each.key === forKey);
          assert.ok(reason === 'Reclaimed' || (victim?.priority ?? 0) < (winner?.priority ?? 0), `${key} for ${forKey}`);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
