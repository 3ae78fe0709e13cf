import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Controller, cluster, followed, type Reconciler, runController, type Step } from '@river/controllers';
import type { KubeObject } from '@river/crds';
import { ConfigMap, Lease, type ResourceDef } from '@river/crds/kinds';
import { type ApiClient, apiClient, loadKubeconfig, silentLogger, systemClock, systemRandom } from '@river/runtime';
import { eventually } from '../server/eventually.ts';
import { useServer } from '../server/use-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const mapKind = ConfigMap as ResourceDef;

/** One controller in this process, over a real API server. */
describe('a manager', () => {
  const used = useServer({ store: 'memory' });
  let client: ApiClient;
  const stop = new AbortController();
  before(async () => {
    client = apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig: used.server.kubeconfig } }));
  });
  after(() => {
    stop.abort();
    client?.close();
  });

  const run = async (name: string, reconcile: Reconciler<KubeObject>) => {
    const deps = { client, signal: stop.signal, clock: systemClock, random: systemRandom, log: silentLogger };
    const view = cluster({ ...deps, kinds: [followed(ConfigMap), followed(Lease)] });
    await view.synced();
    const counted = new Map<string, number>();
    const told: (Step & { act: 'event' })[] = [];
    const counters = {
      add: (of: string) => void counted.set(of, (counted.get(of) ?? 0) + 1),
      get: (of: string) => counted.get(of) ?? 0,
      text: () => '',
    };
    const controller: Controller = { name, kind: mapKind, wakes: [], reconcile };
    runController(controller, { ...deps, cluster: view, kinds: [mapKind], tell: (event) => void told.push(event), counters });
    return { counters, told, view };
  };
  const make = (name: string) => used.api.create(maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
  const mark = (of: KubeObject, label: string): Step[] =>
    of.metadata.labels?.[label] ? [] : [{ act: 'patch', of, body: { metadata: { labels: { [label]: 'yes' } } } }];
  const labelled = (name: string, label: string) =>
    eventually(
      `${name} has ${label}`,
      () => used.api.read(`${maps}/${name}`),
      ({ metadata }) => metadata.labels?.[label] === 'yes',
    );

  it('goes on with everything else when a decider throws at one thing, and tells people of it', async () => {
    await make('bad');
    const { counters, told } = await run('throws', (object) => {
      if (object.metadata.name === 'bad') throw new Error('cannot think of this');
      return { changes: mark(object, 'a') };
    });
    await make('good');
    await labelled('good', 'a');
    await eventually(
      'it is tried again',
      () => counters.get('errors_total'),
      (errors) => errors >= 3,
    );
    assert.match(told[0]?.message ?? '', /cannot think of this/);
    assert.equal(told[0]?.about.metadata.name, 'bad');
  });

  it('does nothing after a change whose precondition fails, and decides again from a newer view', async () => {
    const old = await make('raced');
    await used.api.merge(`${maps}/raced`, { data: { by: 'somebody' } });
    let turns = 0;
    const { counters } = await run('races', (object) => {
      if (object.metadata.name !== 'raced') return { changes: [] };
      const after: Step = {
        act: 'create',
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `after-${turns}`, namespace: 'default' } },
      };
      if (++turns === 1) return { changes: [...mark(old, 'b'), after] };
      return { changes: mark(object, 'b') };
    });
    await labelled('raced', 'b');
    assert.equal((await used.api.get(`${maps}/after-0`)).status, 404);
    assert.equal(counters.get('conflicts_total'), 1);
  });

  it('does not decide from a view that does not show yet what it has just written', async () => {
    await make('once');
    let creations = 0;
    const { counters } = await run('creates', (object, view) => {
      if (object.metadata.name !== 'once' || view.get(mapKind, 'child', 'default')) return { changes: [] };
      creations++;
      const child: Step = {
        act: 'create',
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'child', namespace: 'default' } },
      };
      return { changes: [...mark(object, 'c'), child] };
    });
    await labelled('once', 'c');
    await eventually(
      'the child is there',
      () => used.api.get(`${maps}/child`),
      ({ status }) => status === 200,
    );
    await eventually(
      'it is looked at again',
      () => counters.get('reconciles_total'),
      (turns) => turns >= 3,
    );
    assert.deepEqual([creations, counters.get('conflicts_total')], [1, 0]);
  });
});
