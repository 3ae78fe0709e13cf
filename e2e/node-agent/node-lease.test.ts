import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Lease } from '@river/crds/kinds';
import { nodeLease } from '@river/node-agent';
import { type ApiClient, apiClient, loadKubeconfig, type ManualClock, manualClock, type ResourceClient } from '@river/runtime';
import { useServer } from '../server/use-server.ts';

const ref = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true } as const;
const namespace = 'river-nodes';

describe('the lease of a node', () => {
  const used = useServer({ store: 'sqlite' });
  let client: ApiClient;
  let leases: ResourceClient<Lease>;
  let clock: ManualClock;
  let node: string;
  let lost: (string | undefined)[];
  let onLost: () => Promise<void>;
  let number = 0;
  before(async () => {
    client = apiClient(await loadKubeconfig({ env: { KUBECONFIG: used.server.kubeconfig }, flags: {} }));
    leases = client.resource<Lease>(ref);
  });
  after(() => client?.close());
  beforeEach(() => {
    node = `n${++number}`;
    clock = manualClock();
    lost = [];
    onLost = async () => void lost.push(await holder().catch(() => 'nobody'));
  });
  const lease = (identity = `${node}_mine`) =>
    nodeLease({ leases, node, identity, clock, onLost: () => onLost(), signal: AbortSignal.timeout(60_000) });
  const read = () => leases.get(node, { namespace });
  const holder = async () => (await read()).spec?.holderIdentity;
  const give = (holderIdentity: string) => leases.patch(node, { spec: { holderIdentity } }, { namespace, type: 'merge' });

  it('is made, renewed, and taken up by the next agent of the same folder without loss', async () => {
    const mine = lease();
    await mine.renew();
    const { metadata } = await read();
    clock.advance(3_000);
    await mine.renew();
    assert.notEqual((await read()).metadata.resourceVersion, metadata.resourceVersion);
    clock.advance(3_000);
    await lease().renew();
    // It was written by another agent of the folder, and is its own all the same.
    await mine.renew();
    assert.deepEqual(lost, ['nobody']);
  });

  it('that the controllers have taken is taken back after everything fenced has ended', async () => {
    const mine = lease();
    await mine.renew();
    lost = [];
    await give('river-controllers');
    await mine.renew();
    assert.deepEqual(lost, ['river-controllers']);
    const { spec } = await read();
    assert.deepEqual([spec?.holderIdentity, spec?.leaseTransitions], [`${node}_mine`, 1]);
    await mine.renew();
    assert.equal(lost.length, 1);
  });

  it('is not taken back while that fails, nor by an agent that is new', async () => {
    await lease().renew();
    await give('river-controllers');
    onLost = () => Promise.reject(new Error('still runs'));
    const next = lease();
    await assert.rejects(next.renew(), /still runs/);
    await assert.rejects(next.renew(), /still runs/);
    assert.equal(await holder(), 'river-controllers');
  });

  it('that is taken while it is being taken back is another’s again', async () => {
    const mine = lease();
    await mine.renew();
    await give('river-controllers');
    onLost = async () => {
      lost.push('');
      await leases.patch(node, { spec: { leaseTransitions: lost.length } }, { namespace, type: 'merge' });
    };
    await assert.rejects(mine.renew(), { reason: 'Conflict' });
    assert.equal(await holder(), 'river-controllers');
  });

  it('that is gone may have been taken before', async () => {
    const mine = lease();
    await mine.renew();
    await leases.delete(node, { namespace });
    lost = [];
    await mine.renew();
    assert.deepEqual(lost, ['nobody']);
    assert.equal(await holder(), `${node}_mine`);
  });

  it('of a machine that joined anew under the name is its own only when the one before has been silent for long enough to have frozen', async () => {
    const before = lease();
    const after = lease(`${node}_other`);
    await before.renew();
    await assert.rejects(after.renew(), /another agent of the name/);
    clock.advance(24_000);
    await before.renew();
    await assert.rejects(after.renew(), /another agent of the name/);
    clock.advance(24_999);
    await assert.rejects(after.renew(), /another agent of the name/);
    clock.advance(1);
    await after.renew();
    lost = [];
    await assert.rejects(before.renew(), /another agent of the name/);
    assert.deepEqual(lost, [`${node}_other`]);
  });
});
