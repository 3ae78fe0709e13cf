import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compactEtcd } from '../server/compact-etcd.ts';
import { eventually } from '../server/eventually.ts';
import { tcpProxy } from '../server/tcp-proxy.ts';
import { useServer } from '../server/use-server.ts';
import { address, follow, isSame, isWithoutRepeats, write } from './follow.ts';

for (const store of ['sqlite', 'etcd'] as const) {
  describe(`an informer of @kubernetes/client-node, on ${store}`, () => {
    const used = useServer({ store });

    it('goes on after the server was killed and started again, without a list, a gap or a repetition', async () => {
      const { server, api } = used;
      await write(api, ['a1', 'a2']);
      const following = await follow(server);
      await write(api, ['a3']);
      await eventually('the first three', following.names, (names) => names.length === 3);
      for (let round = 0; round < 2; round++) {
        await api.merge(`${address}/a1`, { data: { round: String(round) } });
        await server.kill9();
        await eventually('the informer sees that its server is gone', () => following.errors.length > round);
        await server.restart();
        await write(api, [`b${round}`]);
        await api.remove(`${address}/b${round}`);
        await write(api, [`c${round}`]);
      }
      await isSame(api, following);
      await following.stop();
      isWithoutRepeats(following);
      assert.equal(following.lists(), 1);
      for (const round of [0, 1]) {
        const told = following.events.filter((event) => event.includes(` b${round} `)).map((event) => event.split(' ')[0]);
        assert.deepEqual(told, ['add', 'delete']);
      }
    });

    it('goes on after its connection was reset', async () => {
      const { server, api } = used;
      const proxy = await tcpProxy(server.port);
      const following = await follow(server, proxy.port);
      await write(api, ['r1']);
      await eventually('the first', following.names, (names) => names.includes('r1'));
      const connections = proxy.taken();
      proxy.reset();
      await write(api, ['r2']);
      await isSame(api, following);
      assert.ok(proxy.taken() > connections);
      assert.equal(following.lists(), 1);
      isWithoutRepeats(following);
      await following.stop();
      await proxy.close();
    });

    it('goes on after its server has stopped in good order', async () => {
      const { server, api } = used;
      const following = await follow(server);
      await server.restart();
      await write(api, ['s1']);
      await isSame(api, following);
      isWithoutRepeats(following);
      await following.stop();
    });
  });
}

describe('an informer of @kubernetes/client-node whose revision is no longer kept', () => {
  const used = useServer({ store: 'etcd' });

  describe('while another server wrote', () => {
    const other = useServer(() => ({ store: 'etcd', etcd: used.server.etcd ?? assert.fail('there is no etcd') }));

    it('is told so, lists again, and misses nothing that is there', async () => {
      const { server, api } = used;
      await write(api, ['old', 'gone']);
      const following = await follow(server);
      await eventually('both', following.names, (names) => names.includes('gone'));
      await server.kill9();
      await write(other.api, ['new']);
      await other.api.remove(`${address}/gone`);
      const { metadata } = await other.api.read(address);
      await compactEtcd(server.etcd ?? assert.fail('there is no etcd'), String(metadata.resourceVersion));
      await server.restart();
      await isSame(api, following);
      assert.equal(following.lists(), 2);
      assert.deepEqual(following.names(), ['new', 'old']);
      assert.ok(following.events.some((event) => event.startsWith('delete gone')));
      await following.stop();
    });
  });
});
