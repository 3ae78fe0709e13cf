import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeStored } from '../object/encode.ts';
import { cacheObject } from './cached-object.ts';
import { eventHistory } from './event-history.ts';
import type { CacheEvent } from './object-cache.ts';

const eventAt = (revision: number, padding = 0): CacheEvent => {
  const metadata = { name: 'a', uid: 'u', annotations: { padding: 'x'.repeat(padding) } };
  const stored = encodeStored({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
  const object = cacheObject('core/configmaps/n/a', 'n', 'a', stored, BigInt(revision), 0);
  return { isDelete: false, object, previous: undefined, revision: BigInt(revision) };
};

describe('the history of a cache', () => {
  it('gives exactly what followed a revision, or says that it no longer can', () => {
    const sizes = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 3 }), padding: fc.integer({ min: 0, max: 400 }) }), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 300, max: 4000 }), (steps, events, bytes) => {
        const history = eventHistory({ events, bytes }, 10n);
        const all: CacheEvent[] = [];
        let revision = 11;
        for (const { gap, padding } of steps) {
          revision += gap;
          all.push(eventAt(revision, padding));
          history.add(all.at(-1) as CacheEvent);
        }
        for (let after = 8; after <= revision + 1; after++) {
          const given = history.after(BigInt(after));
          if (given !== null)
            assert.deepEqual(
              given,
              all.filter((event) => event.revision > BigInt(after)),
            );
          if (after < 10) assert.equal(given, null, 'before its floor it knows nothing');
        }
        assert.deepEqual(history.after(BigInt(revision)), [], 'the present is always known');
      }),
      { numRuns: 100 },
    );
  });

  it('keeps no more events and bytes than it may', () => {
    const history = eventHistory({ events: 100, bytes: 1_000_000 }, 0n);
    for (let revision = 1; revision <= 1000; revision++) history.add(eventAt(revision));
    assert.equal(history.after(0n), null);
    const kept = history.after(1000n - 50n);
    assert.equal(kept?.length, 50);
    const small = eventHistory({ events: 100, bytes: 2_000 }, 0n);
    for (let revision = 1; revision <= 100; revision++) small.add(eventAt(revision, 500));
    assert.equal(small.after(90n), null, 'bytes are counted too');
    assert.ok(small.after(99n));
  });

  it('starts anew at a floor, and knows nothing before it', () => {
    const history = eventHistory({ events: 10, bytes: 10_000 }, 0n);
    history.add(eventAt(5));
    history.clear(20n);
    assert.equal(history.after(19n), null);
    assert.deepEqual(history.after(20n), []);
  });
});
