import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crowds } from './crowd.ts';
import { givenBack, harmOf, lagOf, mostLagMs, residentMb } from './harm.ts';
import { victim } from './victim.ts';

const sizes: Record<string, number> = {
  'connect and never shake hands': 10_000,
  'send their headers a byte a second': 5_000,
  'never finish their body': 2_000,
  'watch and never read while others write': 2_000,
  'ask for long lists and never read': 2_000,
  'begin watches and leave': 10_000,
  'watch with long selectors while others write': 1_000,
};
const worthMeasuringMb = 20;

for (const [what, { attack }] of Object.entries(crowds(12_000))) {
  const size = sizes[what] ?? 1_000;
  describe(`a server with ${size} clients who`, () => {
    const { server, api } = victim();
    it(`${what} keeps its event loop free and gives the memory back`, async (context) => {
      // What a server needs once, such as compiled code, is no one's to give back.
      await attack(server(), api(), Math.ceil(size / 20));
      const before = residentMb(server().pid());
      const harm = await harmOf(server(), () => attack(server(), api(), size));
      context.diagnostic(`${what}: ${JSON.stringify(harm)}`);
      assert.deepEqual(harm.livezFailures, []);
      assert.ok(lagOf(harm) < mostLagMs(), JSON.stringify(harm));
      if (harm.memoryMb.peak - before < worthMeasuringMb) return;
      const back = await givenBack(server(), { before, peak: harm.memoryMb.peak });
      context.diagnostic(`${what}: given back ${JSON.stringify(back)}`);
      assert.ok(back.share >= 0.9, `${JSON.stringify(back)} of ${JSON.stringify(harm.memoryMb)}`);
    });
  });
}
