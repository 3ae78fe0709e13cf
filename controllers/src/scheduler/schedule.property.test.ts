import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { schedule } from './schedule.ts';
import type { Decision, Pending, Snapshot } from './snapshot.ts';
import { afterBindings } from './testing/advance.ts';
import { arbitrarySnapshot } from './testing/arbitrary-snapshot.ts';
import { gib, gpuFacts, nodeFacts, pendingOf, snapshotOf } from './testing/facts.ts';
import { faultsOf } from './testing/faults-of.ts';

const layouts = fc.constantFrom('Spread' as const, 'Pack' as const);

/** A cluster on which some run: half of the pending ones have been bound a while ago, the others come after. */
function inUse(snapshot: Snapshot): Snapshot {
  const half = Math.ceil(snapshot.pending.length / 2);
  const first = { ...snapshot, pending: snapshot.pending.slice(0, half) };
  const { bindings } = schedule(first, 0);
  return { ...afterBindings(first, bindings, 0), pending: snapshot.pending.slice(half) };
}

const shuffled = (snapshot: Snapshot, seed: number): Snapshot => {
  const mix = <T>(all: readonly T[]): T[] =>
    all
      .map((each, at) => ({ each, rank: Math.imul(at + seed, 2654435761) >>> 0 }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ each }) => each);
  return {
    ...snapshot,
    nodes: mix(snapshot.nodes),
    holders: mix(snapshot.holders),
    pending: mix(snapshot.pending),
    queues: mix(snapshot.queues),
  };
};

const sorted = ({ bindings, evictions, waiting }: Decision) => {
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
  return { bindings: bindings.toSorted(byKey), evictions: evictions.toSorted(byKey), waiting: waiting.toSorted(byKey) };
};

describe('whatever the cluster and the work are, the scheduler', () => {
  it('gives nothing twice and nothing that is not there, keeps quotas and gangs, and evicts only those of less right', () => {
    fc.assert(
      fc.property(arbitrarySnapshot, layouts, fc.boolean(), (snapshot, layout, isBackfilling) => {
        const busy = inUse(snapshot);
        const decision = schedule(busy, 1000, { layout, isBackfilling });
        assert.deepEqual(faultsOf(busy, decision), []);
      }),
      { numRuns: 1500 },
    );
  });

  it('decides the same in whatever order it is told', () => {
    fc.assert(
      fc.property(arbitrarySnapshot, fc.nat(), (snapshot, seed) => {
        const busy = inUse(snapshot);
        assert.deepEqual(sorted(schedule(shuffled(busy, seed), 1000)), sorted(schedule(busy, 1000)));
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing of what it is given', () => {
    fc.assert(
      fc.property(arbitrarySnapshot, (snapshot) => {
        const busy = inUse(snapshot);
        const before = structuredClone(busy);
        schedule(busy, 1000);
        assert.deepEqual(busy, before);
      }),
      { numRuns: 300 },
    );
  });

  it('has nothing more to say when its bindings have come true', () => {
    fc.assert(
      fc.property(arbitrarySnapshot, (snapshot) => {
        const { bindings, evictions } = schedule(snapshot, 0);
        const evicted = new Set(evictions.map(({ key }) => key));
        const after = afterBindings(snapshot, bindings, 0);
        const again = schedule({ ...after, holders: after.holders.map((each) => ({ ...each, isLeaving: evicted.has(each.key) })) }, 0);
        assert.deepEqual([again.bindings, again.evictions.filter(({ key }) => evicted.has(key))], [[], []]);
      }),
      { numRuns: 1000 },
    );
  });
});

/** One pass later, when what was bound runs, and what was sent away has ended and waits anew. */
function nextPass(snapshot: Snapshot, { bindings, evictions }: Decision, asked: ReadonlyMap<string, Pending>): Snapshot {
  const after = afterBindings(snapshot, bindings, 0);
  const gone = new Set(evictions.map(({ key }) => key));
  const again = [...gone].flatMap((key) => asked.get(key) ?? []);
  const nodes = new Map(snapshot.holders.map(({ key, node }) => [key, node]));
  const roomOn = new Map(evictions.map(({ key, forKey }) => [forKey, nodes.get(key)]));
  const pending = [...after.pending, ...again].map((each) => {
    const room = roomOn.get(each.key);
    return room === undefined ? each : { ...each, roomOn: [room] };
  });
  return { ...after, holders: after.holders.filter(({ key }) => !gone.has(key)), pending };
}

/** Three machines with far more work than they have room for, of three priorities, and nothing that would keep it apart. */
const arbitraryCrowd: fc.Arbitrary<Snapshot> = fc
  .array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 8 }),
      memoryGib: fc.integer({ min: 1, max: 8 }),
      priority: fc.constantFrom(0, 100, 200),
      gpus: fc.constantFrom(0, 0, 0, 1, 2),
      createdMs: fc.integer({ min: 0, max: 50 }),
      longestMs: fc.constantFrom(Infinity, Infinity, Infinity, 60_000),
    }),
    { minLength: 12, maxLength: 50 },
  )
  .map((work) => {
    const cores = (first: number) => Array.from({ length: 8 }, (_, core) => first + core);
    const numa = [0, 1].map((id) => ({ id, cores: cores(id * 8), memoryBytes: 32 * gib }));
    const gpus = [0, 1, 2, 3].map((index) => gpuFacts(index, { numaNode: index >> 1 }));
    const nodes = ['ant', 'bee', 'cat'].map((name) => nodeFacts(name, { cpu: 16, memoryGib: 64, numa, gpus }));
    const pending = work.map(({ gpus: count, ...each }, at) =>
      pendingOf(`p${at}`, { ...each, ...(count > 0 && { gpus: { count, memoryBytes: 0 } }) }),
    );
    return snapshotOf({ nodes, pending });
  });

it('does not send away for ever: what was sent away begins anew, and at last all stands', () => {
  fc.assert(
    fc.property(fc.oneof(arbitrarySnapshot, arbitraryCrowd), (drawn) => {
      const asked = new Map(drawn.pending.map(({ gang: _, ...each }) => [each.key, each]));
      let snapshot: Snapshot = inUse({ ...drawn, pending: [...asked.values()] });
      const sent: string[] = [];
      for (let passes = 0; passes < 100; passes++) {
        const decision = schedule(snapshot, 0);
        if (decision.bindings.length + decision.evictions.length === 0) return;
        sent.push(...decision.evictions.map(({ key, forKey, reason }) => `${key} for ${forKey}: ${reason}`));
        snapshot = nextPass(snapshot, decision, asked);
      }
      assert.fail(`no end: ${sent.slice(-8).join(', ')}`);
    }),
    { numRuns: 1500 },
  );
});
