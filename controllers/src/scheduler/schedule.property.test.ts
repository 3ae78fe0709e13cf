import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { schedule } from './schedule.ts';
import type { Decision, Snapshot } from './snapshot.ts';
import { afterBindings } from './testing/advance.ts';
import { arbitrarySnapshot } from './testing/arbitrary-snapshot.ts';
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
