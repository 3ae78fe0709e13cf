import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type PassReport, runScheduler, type SchedulerInformers } from '@river/controllers';
import type { KubeObject } from '@river/crds';
import { Namespace, Node, Placement, PriorityClass, Queue, type ResourceDef } from '@river/crds/kinds';
import { type ApiClient, apiClient, informer, type ResourceClient, silentLogger, systemClock, TransportError } from '@river/runtime';
import { eventually } from '../server/eventually.ts';
import type { Api } from '../server/http.ts';
import type { RunningServer } from '../server/start-server.ts';
import { useServer } from '../server/use-server.ts';

const group = '/apis/river.dev/v1';
const refOf = ({ group, version, plural, kind, scope }: ResourceDef<unknown, unknown>) => ({
  ...{ group, version, plural, kind },
  namespaced: scope === 'Namespaced',
});

/** Who they are counts beside what they may: the policies go by the name. */
const users = {
  scheduler: { user: 'system:river-scheduler', groups: ['system:masters'] },
  controllers: { user: 'system:river-controllers', groups: ['system:masters'] },
};

/** A client whose writes of placements fail now and then: before they are sent, or after the server has done them. */
function faulty(client: ApiClient, next: () => number): Pick<ApiClient, 'resource'> {
  const lost = (mayHaveHappened: boolean) => new TransportError('Reset', 'the line was cut', { mayHaveHappened });
  return {
    resource<T extends KubeObject>(ref: Parameters<ApiClient['resource']>[0]): ResourceClient<T> {
      const real = client.resource<T>(ref);
      return {
        ...real,
        async patch(name, patch, options) {
          const luck = next();
          if (luck < 0.15) throw lost(true);
          const answer = await real.patch(name, patch, options);
          if (luck < 0.35) throw lost(true);
          return answer;
        },
      };
    },
  };
}

interface Running {
  passes: PassReport[];
  stop(): Promise<void>;
}

function startScheduler(
  context: TestContext,
  server: RunningServer,
  wrap: (client: ApiClient) => Pick<ApiClient, 'resource'> = (client) => client,
): Running {
  const ending = new AbortController();
  const { signal } = ending;
  const client = apiClient({ server: server.url, certificateAuthority: server.ca, token: 'scheduler', namespace: 'default' });
  const watch = <T extends KubeObject>(def: ResourceDef<T, unknown>) => informer<T>({ client, resource: refOf(def), signal });
  const informers: SchedulerInformers = {
    ...{ nodes: watch<Node>(Node), placements: watch<Placement>(Placement), queues: watch<Queue>(Queue) },
    ...{ priorityClasses: watch<PriorityClass>(PriorityClass), namespaces: watch(Namespace) },
  };
  const passes: PassReport[] = [];
  const done = runScheduler({
    client: wrap(client),
    informers,
    clock: systemClock,
    log: silentLogger,
    signal,
    onPass: (pass) => passes.push(pass),
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    ending.abort();
    stopped ??= done.then(() => client.close());
    return stopped;
  };
  context.after(stop);
  return { passes, stop };
}

async function makeNode(api: Api, name: string, gpus: number): Promise<void> {
  await api.create(`${group}/nodes`, { apiVersion: 'river.dev/v1', kind: 'Node', metadata: { name }, spec: {} });
  await api.merge(`${group}/nodes/${name}/status`, {
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: 'AgentReady', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      allocatable: { cpu: '16', memory: '64Gi', ephemeralStorage: '100Gi', gpus: String(gpus) },
      topology: {
        numa: [0, 1].map((id) => ({ id, cpus: `${id * 8}-${id * 8 + 7}`, memory: '32Gi' })),
        gpus: Array.from({ length: gpus }, (_, index) => ({
          index,
          uuid: `GPU-${name}-${index}`,
          model: 'NVIDIA H200',
          memory: '141Gi',
          numaNode: index % 2,
        })),
      },
    },
  });
}

const placement = (name: string, spec: object) => ({
  apiVersion: 'river.dev/v1',
  kind: 'Placement',
  metadata: { name },
  spec: { owner: { kind: 'Task', name, uid: `uid-${name}` }, attempt: 1, image: 'busybox:test', ...spec },
});
const pathOf = (namespace: string) => `${group}/namespaces/${namespace}/placements`;

const listed = async (api: Api, namespace: string): Promise<Placement[]> => {
  const { items } = (await api.read(pathOf(namespace))) as unknown as { items: Placement[] };
  return items;
};
const isBound = ({ spec }: Placement) => spec.nodeName !== undefined;
const finish = async (api: Api, { metadata }: Placement) => {
  const path = `${pathOf(metadata.namespace ?? '')}/${metadata.name}/status`;
  const ended = { status: { phase: 'Succeeded' } };
  const { status, text } = await api.call('PATCH', path, { body: ended, type: 'application/merge-patch+json', token: 'controllers' });
  assert.equal(status, 200, text);
};

/** Nothing is held twice by those that are not over. */
function assertNoneTwice(placements: readonly Placement[]): void {
  const held = placements
    .filter(({ status }) => status?.phase !== 'Succeeded')
    .flatMap(({ spec }) => (spec.gpus ?? []).map(({ index }) => `${spec.nodeName} GPU ${index}`));
  assert.equal(new Set(held).size, held.length, `given twice among ${held.toSorted()}`);
}

const runsOut = { timeout: 60_000 };

describe('the scheduler against the API server', runsOut, () => {
  const used = useServer({ store: 'sqlite', hasPolicies: true, users });

  const inNamespace = async (name: string) => {
    await used.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return name;
  };
  const create = (namespace: string, count: number, spec: object) =>
    Promise.all(
      Array.from({ length: count }, (_, at) => used.api.create(pathOf(namespace), placement(`p${String(at).padStart(2, '0')}`, spec))),
    );
  const cleanUp = async (namespace: string) => {
    for (const { metadata } of await listed(used.api, namespace)) await used.api.remove(`${pathOf(namespace)}/${metadata.name}`);
    for (const name of ['ant', 'bee']) await used.api.remove(`${group}/nodes/${name}`);
  };

  it('binds what fits with its devices, says why the rest waits, and starts that when there is room', async (context) => {
    const { api, server } = used;
    const namespace = await inNamespace('first');
    for (const name of ['ant', 'bee']) await makeNode(api, name, 4);
    await create(namespace, 10, { resources: { cpu: '1', gpus: { count: 1 } }, timeout: '1h' });
    const { passes } = startScheduler(context, server);
    const isSettled = (all: Placement[]) => all.filter(isBound).length === 8 && all.every((each) => isBound(each) || each.status?.waiting);
    const settled = await eventually('eight are bound and two know why not', () => listed(api, namespace), isSettled);
    assertNoneTwice(settled);
    for (const { spec } of settled.filter(isBound)) {
      assert.equal(spec.epoch, 1);
      assert.match(spec.gpus?.[0]?.uuid ?? '', new RegExp(`^GPU-${spec.nodeName}-`));
      assert.match(spec.cpuset ?? '', /^[0-9]+$/);
      assert.equal(spec.numaNode, (spec.gpus?.[0]?.index ?? 0) % 2);
    }
    const waits = settled.find((each) => !isBound(each))?.status?.waiting;
    assert.equal(waits?.reason, 'Resources');
    assert.deepEqual(
      waits?.nodes?.map(({ name, reason }) => `${name} ${reason}`),
      ['ant GPU', 'bee GPU'],
    );
    assert.ok(Date.parse(waits?.estimatedStartTime ?? '') > systemClock.wallMs());

    for (const done of settled.filter(isBound).slice(0, 2)) await finish(api, done);
    const all = await eventually(
      'the others are bound',
      () => listed(api, namespace),
      (seen) => seen.every(isBound),
    );
    assertNoneTwice(all);
    assert.ok(passes.length < 60, `${passes.length} passes for so little`);
    await cleanUp(namespace);
  });

  it('gives nothing twice while answers to its writes are lost, and binds all in the end', async (context) => {
    const { api, server } = used;
    const namespace = await inNamespace('second');
    for (const name of ['ant', 'bee']) await makeNode(api, name, 8);
    await create(namespace, 16, { resources: { cpu: '500m', gpus: { count: 1 } } });
    let seed = 7;
    const next = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed / 2 ** 32;
    };
    startScheduler(context, server, (client) => faulty(client, next));
    const all = await eventually(
      'all are bound',
      () => listed(api, namespace),
      (seen) => seen.every(isBound),
      40_000,
    );
    assertNoneTwice(all);
    assert.equal(all.flatMap(({ spec }) => spec.gpus ?? []).length, 16);
    await cleanUp(namespace);
  });

  it('is followed by another at any moment, which goes on from what is written', async (context) => {
    const { api, server } = used;
    const namespace = await inNamespace('third');
    for (const name of ['ant', 'bee']) await makeNode(api, name, 8);
    await create(namespace, 40, { resources: { cpu: '250m', gpus: { count: 1 } } });
    for (let bound = 0; bound < 16; ) {
      const running = startScheduler(context, server);
      const before = bound;
      const seen = await eventually(
        'some more are bound',
        () => listed(api, namespace),
        (all) => all.filter(isBound).length > before,
      );
      await running.stop();
      assertNoneTwice(seen);
      bound = (await listed(api, namespace)).filter(isBound).length;
    }
    assertNoneTwice(await listed(api, namespace));
    await cleanUp(namespace);
  });

  it('asks a lower one to end, says for whom, and starts the higher one when it has ended', async (context) => {
    const { api, server } = used;
    const namespace = await inNamespace('fourth');
    await makeNode(api, 'ant', 1);
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'urgent' }, value: 1000 });
    await api.create(pathOf(namespace), placement('low', { resources: { cpu: '1', gpus: { count: 1 } } }));
    startScheduler(context, server);
    await eventually(
      'the low one is bound',
      () => listed(api, namespace),
      (all) => all.every(isBound),
    );
    await api.create(pathOf(namespace), placement('high', { resources: { cpu: '1', gpus: { count: 1 } }, priorityClassName: 'urgent' }));
    const find = async (name: string) => (await listed(api, namespace)).find(({ metadata }) => metadata.name === name) as Placement;
    const low = await eventually(
      'the low one is asked to end',
      () => find('low'),
      ({ spec }) => spec.power === 'Stopped',
    );
    assert.equal(low.metadata.annotations?.['river.dev/evicted-for'], `${namespace}/high`);
    assert.equal(low.metadata.annotations?.['river.dev/eviction-reason'], 'Preempted');
    assert.equal(isBound(await find('high')), false);
    await finish(api, low);
    await eventually('the high one is bound', () => find('high'), isBound);
  });
});
