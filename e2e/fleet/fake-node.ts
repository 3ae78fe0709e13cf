import type { Condition, KubeObject } from '@river/crds';
import type { Node, Placement } from '@river/crds/kinds';
import { fakeDriver, type KeepingDeps, keepPlacements } from '@river/node-agent';
import {
  type ApiClient,
  apiClient,
  type ClusterAccess,
  systemClock as clock,
  informer,
  type Logger,
  systemRandom as random,
  sleep,
} from '@river/runtime';

export interface FakeNodeOptions {
  /** The admin's way in: the node acts through it as itself. */
  access: ClusterAccess;
  name: string;
  status: NonNullable<Node['status']>;
  log: Logger;
  signal: AbortSignal;
}

const river = { group: 'river.dev', version: 'v1' } as const;
const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true } as const;
const renewMs = 3_000;

/** A node that has everything but a machine: the real agent's loop, its lease and its watch, over containers that are only in memory. */
export async function fakeNode({ access, name, status, log, signal }: FakeNodeOptions): Promise<void> {
  const client = apiClient({ ...access, impersonate: { user: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] } });
  signal.addEventListener('abort', () => client.close(), { once: true });
  await appear(client, name, status);
  const placements = informer<Placement>({
    client,
    resource: { ...river, plural: 'placements', namespaced: true },
    fieldSelector: `spec.nodeName=${name}`,
    indexes: { uid: ({ metadata }) => [metadata.uid ?? ''] },
    ...{ signal, clock, random, log },
  });
  const driver = fakeDriver({ clock, programOf, images: ['busybox'] });
  const keeping = keepPlacements({ ...own(client, status), placements, driver, log, signal });
  void driver.watch((uid) => void keeping.changed(uid).catch(() => {}), signal);
  void renew(client, name, signal);
  await placements.synced();
}

/** A program's life is told by its variables: RUN_MS, or for ever, and EXIT_CODE. */
function programOf({ env }: { env: Readonly<Record<string, string>> }) {
  const { RUN_MS: forMs, EXIT_CODE: code } = env;
  return { ...(forMs !== undefined && { forMs: Number(forMs) }), ...(code !== undefined && { code: Number(code) }) };
}

function own(client: ApiClient, status: FakeNodeOptions['status']): Omit<KeepingDeps, 'placements' | 'driver' | 'log' | 'signal'> {
  const records = new Map<string, ReturnType<KeepingDeps['journal']['all']>[number]>();
  const gpus = (status.topology?.gpus ?? []).map(({ index }) => index);
  return {
    api: client.resource<Placement>({ ...river, plural: 'placements', namespaced: true }),
    journal: {
      get: (uid) => records.get(uid),
      all: () => [...records.values()],
      put: (record) => void records.set(record.uid, record),
      drop: (uid) => void records.delete(uid),
    },
    output: { keep: async () => {}, read: async function* () {}, sweep: () => {} } as unknown as KeepingDeps['output'],
    orderOf: async ({ metadata, spec }) => ({
      ...{ uid: metadata.uid ?? '', epoch: spec.epoch ?? 1, namespace: metadata.namespace ?? '', name: metadata.name, image: spec.image },
      env: Object.fromEntries((spec.env ?? []).map((each) => [each.name, each.value ?? ''])),
      ...{ cpuMillis: 0, gpuUuids: [], mounts: [], isPrivileged: false, network: 'None', isFenced: false, logLimitBytes: 0 },
    }),
    pull: async () => {},
    clean: () => {},
    nowMs: clock.wallMs,
    bootId: () => 'boot',
    limits: () => ({
      ...{ nowMs: clock.wallMs(), cpus: Array.from({ length: 512 }, (_, at) => at), gpus, hostPaths: [] },
      ...{ hasSharedStorage: false, allowsPrivileged: false, allowsHostNetwork: false, isFrozen: false },
    }),
    ...{ clock, random },
  };
}

async function appear(client: ApiClient, name: string, status: FakeNodeOptions['status']): Promise<void> {
  const nodes = client.resource<Node>({ ...river, plural: 'nodes', namespaced: false });
  const lastTransitionTime = new Date(clock.wallMs()).toISOString();
  const ready: Condition = { type: 'Ready', status: 'True', reason: 'Fine', message: '', lastTransitionTime };
  await nodes.create({ apiVersion: 'river.dev/v1', kind: 'Node', metadata: { name }, spec: {} } as unknown as Node);
  const body = JSON.parse(JSON.stringify({ status: { ...status, conditions: [ready] } }));
  await nodes.patch(name, body, { type: 'merge', subresource: 'status' });
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'river-nodes' }, ...renewed(name) };
  await client.resource<KubeObject>(leases).create(lease, { namespace: 'river-nodes' });
}

const renewed = (name: string) => ({
  spec: { holderIdentity: name, leaseDurationSeconds: 20, renewTime: `${new Date(clock.wallMs()).toISOString().slice(0, 23)}000Z` },
});

async function renew(client: ApiClient, name: string, signal: AbortSignal): Promise<void> {
  // Not all at the same moment.
  await sleep(clock, random() * renewMs, signal).catch(() => {});
  while (!signal.aborted) {
    await client
      .resource(leases)
      .patch(name, renewed(name), { type: 'merge', namespace: 'river-nodes' })
      .catch(() => {});
    await sleep(clock, renewMs, signal).catch(() => {});
  }
}
