import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Lease, Node, Placement } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import type { Program } from '../server/program.ts';
import { useServer } from '../server/use-server.ts';
import { startControllers, users } from './controllers.ts';
import { type Stage, stageOf } from './stage.ts';

const nodes = '/apis/river.dev/v1/nodes';
const leadLease = '/apis/coordination.k8s.io/v1/namespaces/river-system/leases/river-controllers';
const leaseOf = (name: string) => `/apis/coordination.k8s.io/v1/namespaces/river-nodes/leases/${name}`;

describe('a node that goes silent', () => {
  const used = useServer({ store: 'sqlite', hasPolicies: true, users });
  let stage: Stage;
  let controllers: Program;
  const renewing = new Map<string, NodeJS.Timeout>();
  const keepRenewing = (name: string) =>
    renewing.set(
      name,
      setInterval(() => void stage.renew(name).catch(() => {}), 1_000),
    );
  before(async () => {
    stage = stageOf(used.api);
    await stage.allowScheduler();
    for (const name of ['n1', 'n2']) {
      await stage.addNode(name);
      keepRenewing(name);
    }
    controllers = await startControllers(used.server);
  });
  after(async () => {
    for (const timer of renewing.values()) clearInterval(timer);
    await controllers?.stop();
  });
  const reachable = async (name: string) => {
    const { status } = (await used.api.read(`${nodes}/${name}`)) as unknown as Node;
    return status?.conditions?.find(({ type }) => type === 'Reachable')?.reason;
  };
  const attemptOf = async (name: string, number: number): Promise<Placement | undefined> =>
    (await stage.placements()).find(({ spec }) => spec.owner.name === name && spec.attempt === number);
  const running = async (name: string, node: string, number = 1) => {
    await eventually(`attempt ${number} of ${name}`, () => attemptOf(name, number));
    await stage.bindAll(node);
    await stage.say((await attemptOf(name, number)) as Placement, { Accepted: 'Admitted', Running: 'Started' });
  };

  it('is said to be so within ten seconds; then what is fenced goes elsewhere, once, and the rest waits for it', async () => {
    await stage.submit('fenced', { retry: { limit: 1, when: ['Lost'], backoff: { initial: '0s' } } });
    await running('fenced', 'n1');
    await stage.submit('stays');
    await running('stays', 'n1');
    await eventually(
      'n1 answers',
      () => reachable('n1'),
      (reason) => reason === 'Answers',
    );
    clearInterval(renewing.get('n1'));
    const startMs = performance.now();
    await eventually(
      'n1 is silent',
      () => reachable('n1'),
      (reason) => reason === 'Silent',
      20_000,
    );
    assert.ok(performance.now() - startMs <= 10_500, `it took ${performance.now() - startMs} ms`);
    await eventually(
      'both are unreachable',
      async () => (await stage.task('stays')).status?.phase,
      (phase) => phase === 'Unreachable',
    );
    assert.equal((await attemptOf('fenced', 2)) === undefined, true);
    await running('fenced', 'n2', 2).catch(() => eventually('the second attempt', () => attemptOf('fenced', 2), Boolean, 25_000));
    const silentMs = performance.now() - startMs;
    assert.ok(silentMs > 24_000, `replaced after ${silentMs} ms: it may not have been frozen by then`);
    const lease = (await used.api.read(leaseOf('n1'))) as unknown as Lease;
    assert.equal(lease.spec?.holderIdentity, 'river-controllers');
    assert.deepEqual([(await attemptOf('fenced', 1))?.status?.phase, (await stage.task('stays')).status?.phase], ['Lost', 'Unreachable']);
  });

  it('comes back: what went on there is heard of again', async () => {
    keepRenewing('n1');
    await eventually(
      'n1 answers',
      () => reachable('n1'),
      (reason) => reason === 'Answers',
    );
    await eventually(
      'it runs',
      async () => (await stage.task('stays')).status?.phase,
      (phase) => phase === 'Running',
    );
    await stage.say((await attemptOf('stays', 1)) as Placement, { Finished: 'Succeeded' }, { exitCode: 0 });
    await eventually(
      'it is done',
      async () => (await stage.task('stays')).status?.phase,
      (phase) => phase === 'Succeeded',
    );
  });

  it('is not called lost because the API server was away for longer than it may be silent', async () => {
    await stage.submit('survives', { onDisconnect: 'Fence' });
    await running('survives', 'n2');
    for (const timer of renewing.values()) clearInterval(timer);
    await used.server.kill9();
    const downMs = performance.now();
    await eventually(
      'so much time has passed',
      () => performance.now() - downMs,
      (ms) => ms > 27_000,
      40_000,
    );
    await used.server.restart();
    // Whoever leads again has seen nothing of the node for half a minute, and the node is a little late.
    const led = async () => ((await used.api.read(leadLease)) as unknown as Lease).metadata.resourceVersion;
    const before = await led();
    await eventually('somebody leads again', led, (version) => version !== before, 20_000);
    await stage.renew('n2');
    keepRenewing('n2');
    await eventually(
      'n2 answers',
      () => reachable('n2'),
      (reason) => reason === 'Answers',
    );
    assert.deepEqual([(await attemptOf('survives', 1))?.status?.phase, await attemptOf('survives', 2)], ['Running', undefined]);
  });
});
