import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { KubeObject } from '@river/crds';
import fc from 'fast-check';
import type { WatchEvent } from '../client/watch-frames.ts';
import { isOlder, objectCache } from './object-cache.ts';

const step = fc.record({ name: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean(), colour: fc.constantFrom('red', 'blue') });
const disturbance = fc.record({ at: fc.nat(), back: fc.nat({ max: 5 }), relist: fc.boolean() });

function history(steps: readonly { name: string; remove: boolean; colour: string }[]) {
  const state = new Map<string, KubeObject>();
  const events: WatchEvent[] = [];
  const states: Map<string, KubeObject>[] = [new Map()];
  for (const { name, remove, colour } of steps) {
    const held = state.get(name);
    if (remove && !held) continue;
    const version = events.length + 1;
    const uid = held?.metadata.uid ?? `${name}-${version}`;
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name, uid, resourceVersion: String(version), labels: { colour } },
    };
    if (remove) state.delete(name);
    else state.set(name, object);
    events.push({ type: remove ? 'DELETED' : held ? 'MODIFIED' : 'ADDED', object });
    states.push(new Map(state));
  }
  return { events, states };
}

it('ends in the state of the server whatever is repeated or listed on the way, and tells each revision at most once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(disturbance, { maxLength: 10 }), (steps, disturbances) => {
      const { events, states } = history(steps);
      const cache = objectCache<KubeObject>({ colour: (object) => [object.metadata.labels?.colour ?? ''] });
      const told = new Map<string, KubeObject>();
      const revisions = new Set<string>();
      const take = (changes: ReturnType<typeof cache.apply>) => {
        for (const { type, object } of changes) {
          if (type === 'deleted') {
            assert(told.delete(object.metadata.name), 'deleted what was not there');
            continue;
          }
          assert.equal(told.has(object.metadata.name), type === 'updated');
          told.set(object.metadata.name, object);
          assert(!revisions.has(object.metadata.resourceVersion ?? ''), 'a revision was told twice');
          revisions.add(object.metadata.resourceVersion ?? '');
        }
      };
      for (const [at, event] of events.entries()) {
        take(cache.apply(event, 0));
        for (const { back, relist } of disturbances.filter((one) => one.at % events.length === at)) {
          for (const repeated of events.slice(Math.max(0, at - back), at + 1)) take(cache.apply(repeated, 0));
          if (relist) take(cache.replace(states[at + 1]?.values() ?? [], String(at + 1), 0));
        }
      }
      const final = states.at(-1) ?? new Map();
      assert.deepEqual(new Map(cache.list().map((object) => [object.metadata.name, object])), final);
      assert.deepEqual(told, final);
      const red = [...final.values()].filter((object) => object.metadata.labels.colour === 'red');
      assert.deepEqual(new Set(cache.byIndex('colour', 'red')), new Set(red));
    }),
  );
});

it('orders versions as numbers of any length', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n }),
      fc.bigInt({ min: 0n, max: 2n ** 64n }),
      (a, b) => isOlder(String(a), String(b)) === a < b,
    ),
  );
});
