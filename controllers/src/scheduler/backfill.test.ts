import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { schedule } from './schedule.ts';
import type { Pending, Snapshot } from './snapshot.ts';
import { gpuFacts, holderOf, nodeFacts, pendingOf, snapshotOf } from './testing/facts.ts';
import { play } from './testing/play.ts';

const second = 1000;
const boundKeys = (snapshot: Snapshot, nowMs = 0) => schedule(snapshot, nowMs).bindings.map(({ key }) => key);

const arbitraryWork = fc.record({
  nodes: fc.array(
    fc.record({ cpu: fc.integer({ min: 2, max: 8 }), gpus: fc.integer({ min: 0, max: 4 }), sockets: fc.constantFrom(0, 1, 2) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  work: fc.array(
    fc.record({
      cpu: fc.constantFrom(0.5, 1, 2, 3, 6),
      gpus: fc.constantFrom(0, 0, 0, 1, 2, 4),
      seconds: fc.integer({ min: 1, max: 60 }),
      atSecond: fc.integer({ min: 0, max: 40 }),
      gang: fc.constantFrom(undefined, undefined, undefined, undefined, 2),
    }),
    { minLength: 2, maxLength: 20 },
  ),
});
type Work = typeof arbitraryWork extends fc.Arbitrary<infer T> ? T : never;

const clusterOf = ({ nodes }: Work): Snapshot =>
  snapshotOf({
    nodes: nodes.map(({ cpu, gpus, sockets }, at) =>
      nodeFacts(`n${at}`, {
        cpu,
        gpus: Array.from({ length: gpus }, (_, index) => gpuFacts(index, { numaNode: index % Math.max(1, sockets) })),
        numa: Array.from({ length: sockets }, (_, id) => ({
          id,
          cores: Array.from({ length: cpu }, (_, core) => core).filter((core) => core % sockets === id),
          memoryBytes: Infinity,
        })),
      }),
    ),
  });

const workOf = ({ work }: Work): Pending[] =>
  work.flatMap(({ cpu, gpus, seconds, atSecond, gang }, at) =>
    Array.from({ length: gang ?? 1 }, (_, member) =>
      pendingOf(`w${String(at).padStart(2, '0')}-${member}`, {
        ...{ cpu, longestMs: seconds * second, createdMs: atSecond * second },
        ...(gpus > 0 && { gpus: { count: gpus, memoryBytes: 0 } }),
        ...(gang && { gang: { name: `g${at}`, size: gang } }),
      }),
    ),
  );

/** The first to come that cannot start at once, when it is asked. */
const isHead = (message: string) => message.includes('Room is kept for it');

describe('backfill', () => {
  const busy = snapshotOf({
    nodes: [nodeFacts('ant', { cpu: 4 })],
    holders: [holderOf('long', 'ant', { cpu: 3, startedMs: 0, longestMs: 60 * second })],
  });

  it('lets one start that ends before the head can, and none that does not', () => {
    const head = pendingOf('head', { cpu: 4, longestMs: 60 * second });
    const short = pendingOf('short', { cpu: 1, longestMs: 50 * second, createdMs: 1 });
    const long = pendingOf('slow', { cpu: 1, longestMs: 70 * second, createdMs: 2 });
    const endless = pendingOf('endless', { cpu: 1, createdMs: 3 });
    assert.deepEqual(boundKeys({ ...busy, pending: [head, long, endless, short] }), ['lab/short']);
  });

  it('lets one start that the head can do without', () => {
    const head = pendingOf('head', { cpu: 3, longestMs: 60 * second });
    const beside = pendingOf('beside', { cpu: 1, createdMs: 1 });
    const another = pendingOf('another', { cpu: 0.5, createdMs: 2 });
    assert.deepEqual(boundKeys({ ...busy, pending: [head, beside, another] }), ['lab/beside']);
  });

  it('does not hold anything back for one that can never start', () => {
    const never = pendingOf('never', { cpu: 5 });
    const small = pendingOf('small', { cpu: 1, createdMs: 1 });
    assert.deepEqual(boundKeys({ ...busy, pending: [never, small] }), ['lab/small']);
  });

  it('keeps room on one node for a head that nobody knows a time for, and goes on elsewhere', () => {
    const snapshot = snapshotOf({
      nodes: [nodeFacts('ant', { cpu: 4 }), nodeFacts('bee', { cpu: 4 })],
      holders: [holderOf('a', 'ant', { cpu: 3 }), holderOf('b', 'bee', { cpu: 2 })],
      pending: [pendingOf('head', { cpu: 4 }), ...[1, 2, 3].map((at) => pendingOf(`small-${at}`, { cpu: 1, createdMs: at }))],
    });
    const { bindings, waiting } = schedule(snapshot, 0);
    assert.deepEqual(
      bindings.map(({ key, node }) => `${key} ${node}`),
      ['lab/small-1 ant'],
    );
    assert.match(waiting.find(({ key }) => key === 'lab/head')?.message ?? '', /Room is kept for it on bee: it starts when lab\/b end/);
  });

  it('never delays the head beyond what was promised to it, whatever comes after and however early others end', () => {
    fc.assert(
      fc.property(arbitraryWork, fc.integer({ min: 1, max: 100 }), (work, percent) => {
        const promised = new Map<string, number>();
        const { startedMs } = play({
          snapshot: clusterOf(work),
          arrivals: workOf(work),
          runMs: (key, longestMs) => Math.ceil((longestMs * (key.endsWith('1-0') ? percent : 100)) / 100),
          onDecision(_, { waiting, bindings }, nowMs) {
            for (const { key } of bindings)
              assert.ok(nowMs <= (promised.get(key) ?? Infinity), `${key} was promised ${promised.get(key)}, starts at ${nowMs}`);
            for (const { key, message } of waiting) {
              const [, seconds] = /, in (\d+) s at the latest/.exec(message) ?? [];
              if (isHead(message) && seconds !== undefined)
                promised.set(key, Math.min(promised.get(key) ?? Infinity, nowMs + Number(seconds) * second));
            }
          },
        });
        for (const [key, atMs] of promised) assert.ok((startedMs.get(key) ?? Infinity) <= atMs, `${key} was promised ${atMs}`);
      }),
      { numRuns: 200 },
    );
  });

  it('starts the head no later than without backfill', () => {
    fc.assert(
      fc.property(arbitraryWork, (work) => {
        const cluster = { snapshot: clusterOf(work), arrivals: workOf(work).map((each) => ({ ...each, createdMs: 0 })) };
        const strict = play({ ...cluster, options: { isBackfilling: false } });
        const filled = play(cluster);
        const first = [...strict.told.values()].find(({ message }) => isHead(message));
        if (first) assert.ok((filled.startedMs.get(first.key) ?? Infinity) <= (strict.startedMs.get(first.key) ?? 0), first.key);
      }),
      { numRuns: 200 },
    );
  });

  it('starts a large head under an endless stream of small ones, with known and with unknown run times', () => {
    for (const longestMs of [20 * second, Number.POSITIVE_INFINITY]) {
      const small = (at: number) => pendingOf(`small-${String(at).padStart(4, '0')}`, { cpu: 1, longestMs, createdMs: at * second });
      const { startedMs } = play({
        snapshot: snapshotOf({ nodes: [nodeFacts('ant', { cpu: 4 }), nodeFacts('bee', { cpu: 4 })] }),
        arrivals: [
          ...Array.from({ length: 1000 }, (_, at) => small(at)),
          pendingOf('head', { cpu: 4, longestMs: 20 * second, createdMs: 50 * second }),
        ],
        runMs: (key) => (5 + (Number(key.slice(-1)) % 10)) * second,
        untilMs: 1000 * second,
      });
      assert.ok(
        (startedMs.get('lab/head') ?? Infinity) <= 90 * second,
        `with ${longestMs} the head starts at ${startedMs.get('lab/head')}`,
      );
    }
  });

  it('finishes all work that can be done at all', () => {
    fc.assert(
      fc.property(arbitraryWork, (work) => {
        const { startedMs } = play({ snapshot: clusterOf(work), arrivals: workOf(work) });
        const cluster = clusterOf(work);
        const units = Map.groupBy(workOf(work), ({ key, gang }) => gang?.name ?? key);
        const possible = [...units.values()].filter((pending) => schedule({ ...cluster, pending }, 0).bindings.length > 0).flat();
        const left = possible.filter(({ key }) => !startedMs.has(key));
        assert.deepEqual(left, []);
      }),
      { numRuns: 100 },
    );
  });
});
