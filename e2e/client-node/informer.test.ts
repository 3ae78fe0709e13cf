import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CoreV1Api, type Informer, KubeConfig, makeInformer, type ObjectCache, type V1ConfigMap } from '@kubernetes/client-node';
import { configMap } from '../kubectl/objects.ts';
import { compactEtcd } from '../server/compact-etcd.ts';
import { eventually } from '../server/eventually.ts';
import type { Api } from '../server/http.ts';
import type { RunningServer } from '../server/start-server.ts';
import { tcpProxy } from '../server/tcp-proxy.ts';
import { useServer } from '../server/use-server.ts';

const address = '/api/v1/namespaces/default/configmaps';

interface Following {
  informer: Informer<V1ConfigMap> & ObjectCache<V1ConfigMap>;
  /** `add name revision`, … in the order of their arrival. */
  events: string[];
  errors: unknown[];
  lists(): number;
  names(): string[];
  stop(): Promise<void>;
}

/** An informer as its documentation has it: started again after an error. */
async function follow(server: RunningServer, port = server.port): Promise<Following> {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'river', server: `https://127.0.0.1:${port}`, caFile: server.caFile }],
    users: [{ name: 'admin', token: server.token }],
    contexts: [{ name: 'river', cluster: 'river', user: 'admin' }],
    currentContext: 'river',
  });
  const core = config.makeApiClient(CoreV1Api);
  let lists = 0;
  let isStopped = false;
  const informer = makeInformer(config, address, () => {
    lists++;
    return core.listNamespacedConfigMap({ namespace: 'default' });
  });
  const events: string[] = [];
  const errors: unknown[] = [];
  for (const verb of ['add', 'update', 'delete'] as const)
    informer.on(verb, ({ metadata }) => void events.push(`${verb} ${metadata?.name} ${metadata?.resourceVersion}`));
  informer.on('error', (error) => {
    errors.push(error);
    if (!isStopped) setTimeout(() => void informer.start(), 50);
  });
  await informer.start();
  return {
    informer,
    events,
    errors,
    lists: () => lists,
    names: () =>
      informer
        .list()
        .map(({ metadata }) => metadata?.name ?? '')
        .sort(),
    async stop() {
      isStopped = true;
      await informer.stop();
    },
  };
}

const write = async (api: Api, names: readonly string[]) => {
  for (const name of names) await api.create(address, configMap(name));
};

/** The informer shows what the server has, at the same revisions. */
const isSame = (api: Api, { informer }: Following) =>
  eventually(
    'the informer shows what the server has',
    async () => {
      const { items } = (await api.read(address)) as unknown as { items: V1ConfigMap[] };
      const brief = (objects: readonly V1ConfigMap[]) =>
        objects.map(({ metadata }) => `${metadata?.name} ${metadata?.resourceVersion}`).sort();
      return { server: brief(items), informer: brief(informer.list()) };
    },
    (seen) => JSON.stringify(seen.server) === JSON.stringify(seen.informer),
  );

const isWithoutRepeats = ({ events }: Following) => assert.deepEqual([...new Set(events)], events);

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
