import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Placement, type PlacementDraft } from '@river/crds/kinds';
import { makeOrder, type OrderDeps } from './make-order.ts';
import { credentialsFor, dataOf, registryOf } from './read-secrets.ts';
import { workOf } from './work-of.ts';

const placementOf = (spec: Partial<PlacementDraft['spec']>): Placement =>
  Placement.parse({
    apiVersion: 'river.dev/v1',
    kind: 'Placement',
    metadata: { name: 't-one-1', namespace: 'lab', uid: 'u1' },
    spec: { owner: { kind: 'Task', name: 'one', uid: 'x' }, attempt: 1, image: 'busybox', nodeName: 'n1', epoch: 2, ...spec },
  }) as Placement;

const laid: unknown[][] = [];
const deps: OrderDeps = {
  readSecret: async (name) => (name === 'keys' ? new Map([['word', Buffer.from('swordfish')]]) : undefined),
  layOutSecret: (...given) => `/mem/${laid.push(given)}`,
  gpus: [{ index: 3, uuid: 'GPU-3', health: 'Healthy' }],
  sharedDir: '/srv/shared',
};

describe('an order', () => {
  it('says everything in plain numbers', async () => {
    const order = await makeOrder(
      placementOf({
        resources: { cpu: '1500m', memory: '2Gi', sharedMemory: '64Mi' },
        gpus: [{ index: 3 }],
        cpuset: '0-1',
        logs: { limit: '1Mi' },
      }),
      deps,
    );
    assert.deepEqual(
      [order.cpuMillis, order.memoryBytes, order.sharedMemoryBytes, order.gpuUuids, order.cpuset, order.logLimitBytes],
      [1500, 2 ** 31, 64 * 2 ** 20, ['GPU-3'], '0-1', 2 ** 20],
    );
    assert.deepEqual([order.uid, order.epoch, order.network, order.isFenced], ['u1', 2, 'Overlay', false]);
  });

  it('fills in variables from Secrets, leaves out what may be missing, and says what must not be', async () => {
    const env = (key: string, optional: boolean) => ({ name: 'WORD', valueFrom: { secretKeyRef: { name: 'keys', key, optional } } });
    assert.deepEqual((await makeOrder(placementOf({ env: [{ name: 'A', value: 'b' }, env('word', false)] }), deps)).env, {
      A: 'b',
      WORD: 'swordfish',
    });
    assert.deepEqual((await makeOrder(placementOf({ env: [env('no', true)] }), deps)).env, {});
    await assert.rejects(makeOrder(placementOf({ env: [env('no', false)] }), deps), {
      reason: 'SecretMissing',
      message: 'the variable WORD wants the key no of the Secret keys, which is not there',
    });
  });

  it('mounts each kind where it belongs', async () => {
    const { mounts } = await makeOrder(
      placementOf({
        mounts: [
          { mountPath: '/a', hostPath: { path: '/data//sets/' } },
          { mountPath: '/b', shared: { path: 'team' }, readOnly: true },
          { mountPath: '/c', scratch: { medium: 'Memory', sizeLimit: '1Mi' } },
          { mountPath: '/d', scratch: {} },
          { mountPath: '/e', secret: { name: 'keys' } },
        ],
      }),
      deps,
    );
    assert.deepEqual(mounts, [
      { kind: 'folder', source: '/data/sets/', target: '/a', isReadOnly: false },
      { kind: 'folder', source: '/srv/shared/team', target: '/b', isReadOnly: true },
      { kind: 'memory', target: '/c', sizeBytes: 2 ** 20 },
      { kind: 'disk', target: '/d' },
      { kind: 'folder', source: '/mem/1', target: '/e', isReadOnly: true },
    ]);
    assert.deepEqual(laid[0]?.slice(0, 2), ['u1', 4]);
  });

  it('is not made for a GPU that no driver knows', () =>
    assert.rejects(makeOrder(placementOf({ gpus: [{ index: 1 }] }), deps), { reason: 'NoSuchDevice' }));
});

describe('work', () => {
  it('has begun when the same binding was accepted', () => {
    const accepted = {
      type: 'Accepted',
      status: 'True' as const,
      reason: 'Admitted',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const begunIn = (epoch: number) => workOf({ ...placementOf({}), status: { epoch, conditions: [accepted] } })?.hasBegun;
    assert.deepEqual([begunIn(2), begunIn(1)], [true, false]);
  });

  it('is what is bound, ended when its Placement is being deleted, and over when its status says so', () => {
    assert.deepEqual(workOf(placementOf({ timeout: '1h', gracePeriod: '5s', onDisconnect: 'Fence', cpuset: '0-2' })), {
      uid: 'u1',
      namespace: 'lab',
      name: 't-one-1',
      epoch: 2,
      power: 'Running',
      isOver: false,
      hasBegun: false,
      gpus: [],
      cpus: [0, 1, 2],
      isPrivileged: false,
      usesHostNetwork: false,
      hostPaths: [],
      usesSharedStorage: false,
      isFenced: true,
      graceMs: 5_000,
      timeoutMs: 3_600_000,
    });
    const going = placementOf({});
    assert.equal(workOf({ ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })?.power, 'Stopped');
    const finished = { type: 'Finished', status: 'True' as const, reason: 'Lost', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    assert.equal(workOf({ ...going, status: { conditions: [finished] } })?.isOver, true);
  });
});

describe('credentials', () => {
  const data = (auths: object) =>
    dataOf({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    } as never);

  it('are those for the registry of the image and no others', () => {
    const auths = {
      'registry.lab:5000': { username: 'u', password: 'p' },
      'https://index.docker.io/v1/': { auth: Buffer.from('me:a:b').toString('base64') },
      'other.lab': { username: 'no', password: 'no' },
    };
    assert.deepEqual(credentialsFor('registry.lab:5000/team/train:3', data(auths)), [
      { username: 'u', password: 'p', serverAddress: 'registry.lab:5000' },
    ]);
    assert.deepEqual(
      credentialsFor('busybox', data(auths)).map(({ username, password }) => [username, password]),
      [['me', 'a:b']],
    );
    assert.deepEqual(credentialsFor('third.lab/x', data(auths)), []);
  });

  it('know where an image comes from', () => {
    const images = ['busybox', 'team/busybox', 'localhost/x', 'lab:5000/x', 'registry.lab/x@sha256:1'];
    assert.deepEqual(images.map(registryOf), ['docker.io', 'docker.io', 'localhost', 'lab:5000', 'registry.lab']);
  });
});
