import assert from 'node:assert/strict';
import { CoreV1Api, type Informer, KubeConfig, makeInformer, type ObjectCache, type V1ConfigMap } from '@kubernetes/client-node';
import { configMap } from '../kubectl/objects.ts';
import { eventually } from '../server/eventually.ts';
import type { Api } from '../server/http.ts';
import type { RunningServer } from '../server/start-server.ts';

export const address = '/api/v1/namespaces/default/configmaps';

export interface Following {
  informer: Informer<V1ConfigMap> & ObjectCache<V1ConfigMap>;
  /** `add name revision`, … in the order of their arrival. */
  events: string[];
  errors: unknown[];
  lists(): number;
  names(): string[];
  stop(): Promise<void>;
}

/** An informer as its documentation has it: started again after an error. */
export async function follow(server: RunningServer, port = server.port): Promise<Following> {
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

export const write = async (api: Api, names: readonly string[]) => {
  for (const name of names) await api.create(address, configMap(name));
};

/** The informer shows what the server has, at the same revisions. */
export const isSame = (api: Api, { informer }: Following) =>
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

export const isWithoutRepeats = ({ events }: Following) => assert.deepEqual([...new Set(events)], events);
