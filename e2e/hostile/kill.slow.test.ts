import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventually } from '../server/eventually.ts';
import { apiOf } from '../server/http.ts';
import { startServer } from '../server/start-server.ts';
import { crowds } from './crowd.ts';
import { configMap, configMaps } from './victim.ts';

const size = 100;

it('a server that is killed in the middle of each attack comes back with every write that it acknowledged', async () => {
  const server = await startServer({ store: 'sqlite' });
  const api = apiOf(server);
  let next = 0;
  try {
    for (const [what, { attack }] of Object.entries(crowds(800))) {
      const acknowledged: string[] = [];
      let isAlive = true;
      const write = async () => {
        while (isAlive) {
          const name = `k-${next++}`;
          const answer = await api.call('POST', configMaps, { body: configMap(name) }).catch(() => undefined);
          if (answer?.status === 201) acknowledged.push(name);
          if (!answer) isAlive = false;
        }
      };
      // Its clients lose their server: what they say of that is not the question.
      const attacking = attack(server, api, size).catch(() => undefined);
      const writing = write();
      await eventually(`writes during "${what}"`, () => acknowledged.length >= 5);
      await server.kill9();
      await Promise.all([writing, attacking]);
      await server.restart();
      const { items }: { items: { metadata: { name: string } }[] } = (await api.get(configMaps)).json;
      const kept = new Set(items.map(({ metadata }) => metadata.name));
      assert.deepEqual(
        acknowledged.filter((name) => !kept.has(name)),
        [],
        what,
      );
    }
  } finally {
    api.close();
    await server.stop();
  }
});
