import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { KubeObject } from '@river/crds';
import { apiClient, informer } from '@river/runtime';
import { configMap } from '../kubectl/objects.ts';
import { compactEtcd } from '../server/compact-etcd.ts';
import { eventually } from '../server/eventually.ts';
import type { Api } from '../server/http.ts';
import type { RunningServer } from '../server/start-server.ts';
import { tcpProxy } from '../server/tcp-proxy.ts';
import { useServer } from '../server/use-server.ts';

const address = '/api/v1/namespaces/default/configmaps';

interface Following {
  /** `added name revision`, … in the order of their arrival. */
  events: string[];
  /** `name revision` of all that it holds. */
  holds(): string[];
}

const shown = ({ metadata }: KubeObject) => `${metadata.name} ${metadata.resourceVersion}`;

/** River's own informer, until the test ends. */
async function follow(context: TestContext, server: RunningServer, { port = server.port, idleMs = 90_000 } = {}): Promise<Following> {
  const ending = new AbortController();
  const client = apiClient({
    server: `https://127.0.0.1:${port}`,
    certificateAuthority: server.ca,
    token: server.token,
    namespace: 'default',
  });
  const resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
  const mirror = informer({ client, resource, namespace: 'default', idleMs, signal: ending.signal });
  const events: string[] = [];
  mirror.subscribe({
    added: (object) => void events.push(`added ${shown(object)}`),
    updated: (object) => void events.push(`updated ${shown(object)}`),
    deleted: (object) => void events.push(`deleted ${shown(object)}`),
  });
  context.after(async () => {
    ending.abort();
    await mirror.done;
    client.close();
  });
  await mirror.synced();
  return { events, holds: () => mirror.list().map(shown).sort() };
}

const write = async (api: Api, ...names: string[]) => {
  for (const name of names) await api.create(address, configMap(name));
};

/** The informer holds what the server has, at the same revisions, and told nothing twice. */
async function isSame(api: Api, { events, holds }: Following): Promise<void> {
  const look = async () => {
    const { items } = (await api.read(address)) as unknown as { items: KubeObject[] };
    return { server: items.map(shown).sort(), informer: holds() };
  };
  await eventually('the informer holds what the server has', look, (seen) => JSON.stringify(seen.server) === JSON.stringify(seen.informer));
  assert.deepEqual([...new Set(events)], events);
}

const toldOf = ({ events }: Following, name: string) =>
  events.filter((event) => event.includes(` ${name} `)).map((event) => event.split(' ')[0]);

for (const store of ['sqlite', 'etcd'] as const) {
  describe(`River's informer, on ${store}`, () => {
    const used = useServer({ store });

    it('goes on after its server was killed and started again, without a gap or a repetition', async (context) => {
      const { server, api } = used;
      await write(api, 'a1', 'a2');
      const following = await follow(context, server);
      for (let round = 0; round < 2; round++) {
        await server.kill9();
        await server.restart();
        await write(api, `b${round}`, `c${round}`);
        await api.merge(`${address}/a1`, { data: { round: String(round) } });
        await api.remove(`${address}/b${round}`);
      }
      await isSame(api, following);
    });

    it('goes on where it was after its connection was reset', async (context) => {
      const { server, api } = used;
      const proxy = await tcpProxy(server.port);
      context.after(() => proxy.close());
      const following = await follow(context, server, { port: proxy.port });
      const before = proxy.taken();
      proxy.reset();
      await write(api, 'r1');
      await api.remove(`${address}/r1`);
      await write(api, 'r2');
      await isSame(api, following);
      assert.deepEqual(toldOf(following, 'r1'), ['added', 'deleted']);
      assert.ok(proxy.taken() > before);
    });

    it('leaves a half-open connection, and goes on where it was', async (context) => {
      const { server, api } = used;
      const proxy = await tcpProxy(server.port);
      context.after(() => proxy.close());
      const following = await follow(context, server, { port: proxy.port, idleMs: 1_000 });
      proxy.freeze();
      await write(api, 'h1');
      await api.remove(`${address}/h1`);
      await write(api, 'h2');
      await isSame(api, following);
      assert.deepEqual(toldOf(following, 'h1'), ['added', 'deleted']);
    });
  });
}

describe("River's informer whose revision is no longer kept", () => {
  const used = useServer({ store: 'etcd' });

  describe('while another server wrote', () => {
    const other = useServer(() => ({ store: 'etcd', etcd: used.server.etcd ?? assert.fail('there is no etcd') }));

    it('lists again, and tells what vanished meanwhile as deleted', async (context) => {
      const { server, api } = used;
      await write(api, 'stays', 'goes');
      const following = await follow(context, server);
      await server.kill9();
      await write(other.api, 'new');
      await other.api.remove(`${address}/goes`);
      const { metadata } = await other.api.read(address);
      await compactEtcd(server.etcd ?? assert.fail('there is no etcd'), String(metadata.resourceVersion));
      await server.restart();
      await isSame(api, following);
      assert.deepEqual(toldOf(following, 'goes'), ['added', 'deleted']);
      assert.deepEqual(toldOf(following, 'stays'), ['added']);
    });
  });
});
