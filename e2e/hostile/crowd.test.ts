import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crowds } from './crowd.ts';
import { harmOf, lagOf, mostLagMs } from './harm.ts';
import { victim } from './victim.ts';

const size = 150;
const holdMs = 1_500;

describe(`a server with ${size} clients at once who`, () => {
  const { server, api } = victim();
  for (const [what, { attack }] of Object.entries(crowds(holdMs))) {
    it(`${what} goes on to answer the others at once`, async () => {
      const harm = await harmOf(server(), () => attack(server(), api(), size));
      assert.deepEqual(harm.livezFailures, []);
      assert.ok(lagOf(harm) < mostLagMs(), JSON.stringify(harm));
    });
  }
});
