import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { schedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';
import { holderOf, nodeFacts, pendingOf, queueFacts, snapshotOf } from './testing/facts.ts';
import { play } from './testing/play.ts';
import { advanceUsage, formatUsage, halfLifeMs, parseUsage } from './usage.ts';

const nodes = [nodeFacts('ant', { cpu: 8 })];
const many = (name: string, count: number, some: object = {}) =>
  Array.from({ length: count }, (_, at) =>
    pendingOf(`${name}-${String(at).padStart(3, '0')}`, { namespace: name, createdMs: at, ...some }),
  );
const countBound = (snapshot: Snapshot) => {
  const { bindings } = schedule(snapshot, 0);
  const names = bindings.map(({ key }) => key.split('/')[0] ?? '');
  return Object.fromEntries(
    Map.groupBy(names.toSorted(), (name) => name)
      .entries()
      .map(([name, all]) => [name, all.length]),
  );
};
const whyOf = (snapshot: Snapshot, key: string) => {
  const waiting = schedule(snapshot, 0).waiting.find((each) => each.key === key);
  return `${waiting?.reason}: ${waiting?.message}`;
};

describe('fair share', () => {
  it('gives to each queue by its weight', () => {
    const queues = [queueFacts('a', { namespaces: ['red'], weight: 3 }), queueFacts('b', { namespaces: ['blue'], weight: 1 })];
    assert.deepEqual(countBound(snapshotOf({ nodes, queues, pending: [...many('red', 20), ...many('blue', 20)] })), { blue: 2, red: 6 });
  });

  it('gives to each namespace the same where there are no queues, however many it asks for', () => {
    assert.deepEqual(countBound(snapshotOf({ nodes, pending: [...many('red', 100), ...many('blue', 4)] })), { blue: 4, red: 4 });
  });

  it('remembers what was used by work that is long gone', () => {
    const pending = [...many('red', 20), ...many('blue', 20)];
    assert.deepEqual(countBound(snapshotOf({ nodes, pending, usage: { 'namespace red': 0.5 } })), { blue: 6, red: 2 });
  });

  it('lets a queue of weight 0 have only what nobody else wants', () => {
    const queues = [queueFacts('a', { namespaces: ['red'], weight: 0 })];
    assert.deepEqual(countBound(snapshotOf({ nodes, queues, pending: [...many('red', 20), ...many('blue', 5)] })), { blue: 5, red: 3 });
  });

  it('evens out over time', () => {
    const usage: Record<string, number> = {};
    let last: { shares: Map<string, number>; atMs: number } | undefined;
    const { startedMs } = play({
      snapshot: snapshotOf({
        nodes,
        usage,
        pending: [...many('red', 100, { longestMs: 1000 }), ...many('blue', 100, { longestMs: 1000 })],
      }),
      untilMs: 10_000,
      onDecision(_, { queues }, nowMs) {
        for (const [name, share] of last?.shares ?? []) usage[name] = (usage[name] ?? 0) + (share * (nowMs - (last?.atMs ?? 0))) / 1e6;
        last = { shares: new Map(queues.map(({ name, share }) => [name, share])), atMs: nowMs };
      },
    });
    const started = [...startedMs.keys()];
    const red = started.filter((key) => key.startsWith('red')).length;
    assert.ok(Math.abs(red - (started.length - red)) <= 2, `${red} of ${started.length}`);
  });

  it('halves what is a day old, and takes a clock that was set back for no time', () => {
    const used = advanceUsage({ share: 0.8, atMs: 0 }, 0, halfLifeMs);
    assert.ok(Math.abs(used.share - 0.4) < 1e-9);
    assert.deepEqual(advanceUsage(used, 1, 0), used);
    assert.deepEqual(parseUsage(formatUsage({ share: 0.25, atMs: 1000 })), { share: 0.25, atMs: 1000 });
    for (const bad of [undefined, '', '2@1970-01-01T00:00:00Z', '0.5@never', 'NaN@1970-01-01T00:00:00Z'])
      assert.equal(parseUsage(bad), undefined);
  });
});

describe('quota', () => {
  const quota = { cpuMillis: 2000 };
  const red = (some: object) => [queueFacts('a', { namespaces: ['red'], quota, ...some })];

  it('is the most where nothing may be borrowed, and says how much must be given back', () => {
    const snapshot = snapshotOf({ nodes, queues: red({ mayBorrow: false }), pending: many('red', 5) });
    assert.deepEqual(countBound(snapshot), { red: 2 });
    assert.match(whyOf(snapshot, 'red/red-002'), /^Quota: 1 core must be given back within the quota of a/);
  });

  it('may be exceeded by what is idle, up to the limit of borrowing', () => {
    assert.deepEqual(countBound(snapshotOf({ nodes, queues: red({ borrowLimit: { cpuMillis: 3000 } }), pending: many('red', 9) })), {
      red: 5,
    });
    assert.deepEqual(countBound(snapshotOf({ nodes, queues: red({}), pending: many('red', 9) })), { red: 8 });
  });

  it('comes before what others would borrow, whatever their priority', () => {
    const snapshot = snapshotOf({ nodes, queues: red({}), pending: [...many('red', 9), ...many('blue', 9, { priority: 100 })] });
    assert.deepEqual(countBound(snapshot), { blue: 6, red: 2 });
  });

  it('is kept free for a queue that does not lend', () => {
    const snapshot = snapshotOf({ nodes, queues: red({ lends: false }), pending: many('blue', 9) });
    assert.deepEqual(countBound(snapshot), { blue: 6 });
    assert.match(whyOf(snapshot, 'blue/blue-006'), /kept by queues that do not lend/);
  });

  it('is not eaten by small ones while a large one waits for it', () => {
    const queues = red({ mayBorrow: false });
    const holders = [holderOf('r', 'ant', { namespace: 'red', cpu: 1 })];
    const pending = [pendingOf('large', { namespace: 'red', cpu: 2 }), pendingOf('small', { namespace: 'red', cpu: 1, createdMs: 1 })];
    assert.deepEqual(countBound(snapshotOf({ nodes, queues, holders, pending })), {});
    assert.match(whyOf(snapshotOf({ nodes, queues, holders, pending }), 'red/small'), /red\/large is before it/);
    const never = [pendingOf('never', { namespace: 'red', cpu: 3 }), ...pending.slice(1)];
    assert.deepEqual(countBound(snapshotOf({ nodes, queues, holders, pending: never })), { red: 1 });
  });

  it('counts who runs, in the queue and in each namespace', () => {
    const pending = [...many('red', 5), ...many('blue', 5)];
    const queue = (some: object) => [queueFacts('a', { namespaces: ['red', 'blue'], ...some })];
    assert.deepEqual(countBound(snapshotOf({ nodes, queues: queue({ maxRunningPerNamespace: 2 }), pending })), { blue: 2, red: 2 });
    assert.equal(schedule(snapshotOf({ nodes, queues: queue({ maxRunning: 3 }), pending }), 0).bindings.length, 3);
  });

  it('starts nothing in a queue that is held, that is not there, or that does not take the namespace', () => {
    const queues = [queueFacts('held', { isHeld: true }), queueFacts('theirs', { namespaces: ['blue'] })];
    const snapshot = snapshotOf({ nodes, queues, pending: ['held', 'theirs', 'nowhere'].map((queue) => pendingOf(queue, { queue })) });
    assert.deepEqual(countBound(snapshot), {});
    assert.match(whyOf(snapshot, 'lab/held'), /^Quota: The queue held is held/);
    assert.match(whyOf(snapshot, 'lab/theirs'), /does not take this namespace/);
    assert.match(whyOf(snapshot, 'lab/nowhere'), /There is no queue nowhere/);
  });

  it('counts what is paused, frozen, unreachable or on a node that is gone, for all of it holds resources', () => {
    const holders = [holderOf('r1', 'ant', { namespace: 'red' }), holderOf('r2', 'gone', { namespace: 'red' })];
    assert.deepEqual(countBound(snapshotOf({ nodes, queues: red({ mayBorrow: false }), holders, pending: many('red', 5) })), {});
  });
});

describe('a gang', () => {
  const gang = { name: 'g', size: 3 };
  const members = (count: number, some: object = {}) =>
    Array.from({ length: count }, (_, at) => pendingOf(`m${at}`, { gang, cpu: 3, ...some }));

  it('waits until all are there, then starts as a whole or not at all', () => {
    const two = [...nodes, nodeFacts('bee', { cpu: 8 })];
    const missing = snapshotOf({ nodes: two, pending: members(2) });
    assert.match(whyOf(missing, 'lab/m0'), /^Dependency: It starts together with others: 1 of 3 are not there yet/);
    assert.deepEqual(countBound(missing), {});
    assert.deepEqual(countBound(snapshotOf({ nodes: two, pending: members(3) })), { lab: 3 });
    assert.deepEqual(countBound(snapshotOf({ nodes, pending: members(3) })), {});
  });

  it('takes its quota as a whole', () => {
    const queues = [queueFacts('a', { namespaces: ['lab'], quota: { cpuMillis: 8000 }, mayBorrow: false })];
    const two = [...nodes, nodeFacts('bee', { cpu: 8 })];
    assert.deepEqual(countBound(snapshotOf({ nodes: two, queues, pending: members(3) })), {});
  });

  it('that was bound in part when the writer was killed is completed before anything else', () => {
    const holders = [holderOf('m0', 'ant', { gang, cpu: 3 })];
    const pending = [pendingOf('urgent', { cpu: 5, priority: 9 }), ...members(3, { cpu: 2 }).slice(1)];
    assert.deepEqual(
      schedule(snapshotOf({ nodes, holders, pending }), 0).bindings.map(({ key }) => key),
      ['lab/m1', 'lab/m2'],
    );
  });
});
