import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Placement } from '@river/crds/kinds';
import { manualClock } from '@river/runtime';
import { type CatchingUp, catchUp } from './catch-up.ts';

const at = (uid: string, resourceVersion: string) => ({ metadata: { name: uid, uid, resourceVersion } }) as Placement;

function begin(listed: Placement[], cached: Placement[]) {
  const clock = manualClock();
  const state = { cached, outcome: 'waits' };
  const placements = {
    pages: async function* () {
      yield { items: listed, resourceVersion: '50' };
    },
  } as CatchingUp['placements'];
  const cache = { list: () => state.cached, isSynced: true };
  catchUp({ placements, cache, node: 'n1', clock, signal: new AbortController().signal }).then(
    () => {
      state.outcome = 'known';
    },
    (error: Error) => {
      state.outcome = error.message;
    },
  );
  const pass = async (ms: number) => {
    for (let gone = 0; gone <= ms; gone += 50) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(50);
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { state, pass };
}

describe('before fenced work is thawed', () => {
  it('waits until each of its Placements is as new here as the server had it', async () => {
    const { state, pass } = begin([at('a', '40')], [at('a', '30')]);
    await pass(200);
    assert.equal(state.outcome, 'waits');
    state.cached = [at('a', '41')];
    await pass(100);
    assert.equal(state.outcome, 'known');
  });

  it('waits until what is gone is gone here, and not for what came after it had asked', async () => {
    const { state, pass } = begin([], [at('a', '30'), at('b', '60')]);
    await pass(200);
    assert.equal(state.outcome, 'waits');
    state.cached = [at('b', '60')];
    await pass(100);
    assert.equal(state.outcome, 'known');
  });

  it('gives up after a while, so that the next renewal asks anew', async () => {
    const { state, pass } = begin([at('a', '40')], [at('a', '30')]);
    await pass(3_000);
    assert.match(state.outcome, /is not known yet/);
  });
});
