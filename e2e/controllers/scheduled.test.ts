import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Lease, Node, Placement, Queue, type ResourceDef, Task } from '@river/crds/kinds';
import { type ApiClient, apiClient, loadKubeconfig } from '@river/runtime';
import { dataDir } from '../../cli/src/up/data-dir.ts';
import { eventually } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';

const main = fileURLToPath(new URL('../../cli/src/up/main.ts', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'river-up-'));
const namespace = 'default';

let running: Program;
let client: ApiClient;
let renewing: NodeJS.Timeout | undefined;
const of = <T extends { metadata: { name: string } }>({ group, version, plural, kind, scope }: ResourceDef) =>
  client.resource<never>({ group, version, plural, kind, namespaced: scope === 'Namespaced' }) as unknown as {
    get(name: string, options?: object): Promise<T>;
    create(object: object): Promise<T>;
    list(options?: object): Promise<{ items: T[] }>;
    patch(name: string, body: object, options: object): Promise<T>;
  };

/** A machine as its agent would report it, and its lease, as an admin may write both. */
async function makeNode(name: string, allocatable: Record<string, string>): Promise<void> {
  const lastTransitionTime = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'Fine', message: 'as its agent says', lastTransitionTime };
  await of(Node).create({ apiVersion: 'river.dev/v1', kind: 'Node', metadata: { name } });
  await of(Node).patch(
    name,
    { status: { capacity: allocatable, allocatable, conditions: [ready] } },
    { type: 'merge', subresource: 'status' },
  );
  const renewed = () => ({
    spec: { holderIdentity: name, leaseDurationSeconds: 20, renewTime: `${new Date().toISOString().slice(0, 23)}000Z` },
  });
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'river-nodes' }, ...renewed() };
  await of(Lease).create(lease);
  renewing = setInterval(() => void of(Lease).patch(name, renewed(), { type: 'merge', namespace: 'river-nodes' }), 2_000);
}

const submit = (name: string, spec: object) =>
  of<Task>(Task).create({ apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name, namespace }, spec: { image: 'busybox', ...spec } });
const taskNow = (name: string) => () => of<Task>(Task).get(name, { namespace });

before(async () => {
  running = startProgram(process.execPath, [main, 'up', '--data', data, '--api-port', '0', '--no-agent', '--store', 'memory']);
  await eventually(
    'it serves',
    () => running.log(),
    (log) => log.includes('stop: '),
    30_000,
  );
  client = apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig: dataDir(data).kubeconfig } }));
});
after(async () => {
  clearInterval(renewing);
  client.close();
  await running.stop();
  rmSync(data, { recursive: true, force: true });
});

it('says that a Task waits for a node, binds it when there is one, and says what is missing for a larger one', async () => {
  await submit('small', { resources: { cpu: '1', memory: '1Gi' } });
  await eventually('it is said why it waits', taskNow('small'), ({ status }) => status?.waiting?.reason === 'Resources', 20_000);
  await makeNode('tiger', { cpu: '4', memory: '8Gi' });
  const bound = await eventually('it is bound', taskNow('small'), ({ status }) => status?.node === 'tiger', 20_000);
  assert.equal(bound.status?.phase, 'Assigned');
  const { items } = await of<Placement>(Placement).list({ namespace });
  const placed = items.find(({ spec }) => spec.owner.name === 'small');
  assert.deepEqual([placed?.spec.nodeName, placed?.spec.epoch], ['tiger', 1]);

  await submit('large', { resources: { cpu: '64' } });
  const waiting = await eventually(
    'it is said what is missing',
    taskNow('large'),
    ({ status }) => status?.waiting?.nodes?.[0]?.name === 'tiger',
    20_000,
  );
  assert.match(JSON.stringify(waiting.status?.waiting), /[Cc]pu/i);
  await of(Queue).create({ apiVersion: 'river.dev/v1', kind: 'Queue', metadata: { name: 'all' }, spec: { namespaces: [namespace] } });
  const told = await eventually(
    'it is told how the queue is used',
    () => of<Queue>(Queue).get('all'),
    ({ status }) => status?.running === 1,
    20_000,
  );
  assert.deepEqual([told.status?.pending, told.status?.used?.cpu, told.status?.fairShare?.cpu], [1, '1', '4']);
  await of(Task).patch('small', { spec: { cancel: true } }, { type: 'merge', namespace });
});
