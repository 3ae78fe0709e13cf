import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { eventually } from './eventually.ts';
import { caughtUp, end, follow, freshAddress, revisionOf, startLoad } from './load.ts';
import { assertFollowed, assertKept } from './load-check.ts';
import type { StoreKind } from './start-server.ts';
import { useServer } from './use-server.ts';

const writers = 64;

/** Defines the test that kills the server under its writers so many times. RIVER_ROUNDS overrules. */
export function killUnderLoad(store: StoreKind, usualRounds: number): void {
  const rounds = Number(process.env.RIVER_ROUNDS ?? usualRounds);
  describe(`kill -9 of the API server under ${writers} writers, ${rounds} rounds, on ${store}`, () => {
    const used = useServer({ store });

    it('keeps every acknowledged write, and no watcher that reconnects misses or repeats an event', async (context) => {
      const { server, api } = used;
      let restarted = Promise.resolve();
      const recovered = () => restarted.then(() => undefined);
      const address = await freshAddress(api);
      const from = await revisionOf(api);
      const followers = Array.from({ length: 4 }, () => follow(() => api, address, from, recovered));
      const load = startLoad({ api: () => api, address, writers, recovered });
      context.after(() => end(load, followers));
      for (let round = 0; round < rounds; round++) {
        const target = load.acknowledged.length + 300 + randomInt(500);
        await eventually(
          `${target} acknowledged writes in round ${round}`,
          () => load.acknowledged.length,
          (count) => count >= target,
          60_000,
        );
        const { promise, resolve } = Promise.withResolvers<void>();
        restarted = promise;
        await server.kill9();
        // Every other time what the store keeps is pulled away under it as well.
        if (server.etcd && round % 2 === 1) {
          await server.etcd.kill9();
          await server.etcd.start();
        }
        await server.restart();
        resolve();
      }
      const target = load.acknowledged.length + 300;
      await eventually(
        'writes after the last restart',
        () => load.acknowledged.length,
        (count) => count >= target,
        60_000,
      );
      await load.stop();
      const items = await caughtUp(followers, api, address);
      assertKept(load, items);
      for (const follower of followers) {
        assertFollowed(follower, load, items);
        assert.ok(follower.connections() > rounds, `a watcher has connected only ${follower.connections()} times`);
      }
    });
  });
}
