import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSeed } from './run-seed.ts';
import { runSeeds } from './run-seeds.ts';
import { prepare } from './server/prepared-store.ts';

describe('a run', () => {
  it('is the same each time, alone and beside others, line by line', async () => {
    const prepared = await prepare();
    const alone = [await runSeed(3, prepared), await runSeed(4, prepared)];
    const beside = new Map<number, string>();
    await runSeeds({
      ...{ first: 1, count: 6, workers: 3 },
      onOutcome({ seed, digest }) {
        beside.set(seed, digest);
        return 'go on';
      },
    });
    for (const { seed, digest } of alone) assert.equal(beside.get(seed), digest, `seed ${seed}`);
    assert.equal(new Set(beside.values()).size, 6, 'and no two seeds are alike');
  });

  it('shows enough to be worth it, and nothing that is wrong', async () => {
    const outcome = await runSeed(7, await prepare());
    assert.equal(outcome.failure, undefined, outcome.last.join('\n'));
    assert.ok(outcome.lines >= 200);
  });
});
