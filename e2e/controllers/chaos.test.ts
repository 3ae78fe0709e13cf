import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isFinalPhase, type KubeObject } from '@river/crds';
import type { Placement, Task, TaskSet } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import type { Program } from '../server/program.ts';
import { useServer } from '../server/use-server.ts';
import { startControllers, users } from './controllers.ts';
import { at, type Stage, stageOf } from './stage.ts';

type Running = Program & { metrics: string };

const leadLease = '/apis/coordination.k8s.io/v1/namespaces/river-system/leases/river-controllers';

describe('two managers at once, killed with -9 at random', () => {
  const used = useServer({ store: 'sqlite', hasPolicies: true, users });
  let stage: Stage;
  let managers: Running[];
  let renewing: NodeJS.Timeout;
  before(async () => {
    stage = stageOf(used.api);
    await stage.allowScheduler();
    await stage.addNode('n1');
    renewing = setInterval(() => void stage.renew('n1').catch(() => {}), 1_000);
    managers = await Promise.all([startControllers(used.server), startControllers(used.server)]);
  });
  after(async () => {
    clearInterval(renewing);
    await Promise.all(managers.map((each) => each.stop()));
  });
  const leads = async (manager: Running) => (await (await fetch(manager.metrics)).text()).includes('river_controllers_leading 1');
  const tasks = async () => (await used.api.read(at('tasks'))).items as unknown as Task[];

  /** Every attempt goes its way at once, as its node and the scheduler would have it. Returns what was made and not yet over. */
  const serve = async (seen: Map<string, string>): Promise<void> => {
    await stage.bindAll('n1');
    for (const placement of await stage.placements()) {
      const { name, uid = '' } = placement.metadata;
      assert.ok((seen.get(name) ?? uid) === uid, `${name} was made twice`);
      seen.set(name, uid);
      if (placement.spec.nodeName && !isFinalPhase(placement.status?.phase)) await stage.say(placement, said(placement), { exitCode: 0 });
    }
  };
  const said = ({ spec }: Placement) => ({
    Accepted: 'Admitted',
    Running: 'Started',
    Finished: spec.power === 'Stopped' ? 'Stopped' : spec.attempt === 1 && spec.owner.name.endsWith('7') ? 'Failed' : 'Succeeded',
  });

  it('only one leads, and another does within five seconds of its death', async () => {
    const leading = await Promise.all(managers.map(leads));
    assert.deepEqual([...leading].sort(), [false, true]);
    const at = leading.indexOf(true);
    const other = managers[1 - at] as Running;
    const startMs = performance.now();
    await managers[at]?.kill9();
    await eventually('the other leads', () => leads(other), Boolean, 10_000);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs <= 5_000, `it took ${Math.round(tookMs)} ms`);
    managers[at] = await startControllers(used.server);
  });

  it('each Task ends once, as its attempts did, and no attempt is made twice', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `c-${index}`);
    const seen = new Map<string, string>();
    const phases = new Map<string, string>();
    const watching = used.api.watch(`${at('tasks')}?watch=true`);
    const note = ({ object }: { object: KubeObject }) => {
      const task = object as unknown as Task;
      const before = phases.get(task.metadata.name);
      if (before) assert.equal(task.status?.phase, before, `${task.metadata.name} left its final phase`);
      if (isFinalPhase(task.status?.phase)) phases.set(task.metadata.name, task.status.phase);
    };
    const retry = { limit: 2, backoff: { initial: '100ms' } };
    await Promise.all(names.map((name) => stage.submit(name, { retry })));
    await stage.submitSet('set', { count: 40, parallelism: 8, template: { spec: { image: 'busybox', retry } } });
    let kills = 0;
    const isDone = (all: readonly Task[]) => all.length === names.length + 40 && all.every(({ status }) => isFinalPhase(status?.phase));
    for (const end = performance.now() + 90_000; !isDone(await tasks()) && performance.now() < end; ) {
      await serve(seen);
      if (kills >= 6 || Math.random() > 0.4) continue;
      const victim = Math.floor(Math.random() * 2);
      await managers[victim]?.kill9();
      managers[victim] = await startControllers(used.server);
      kills++;
    }
    for (const event of watching.events) if (event.type !== 'BOOKMARK') note(event);
    watching.close();
    const all = await tasks();
    assert.ok(
      isDone(all),
      JSON.stringify(all.filter(({ status }) => !isFinalPhase(status?.phase)).map(({ metadata, status }) => [metadata.name, status])).slice(
        0,
        2_000,
      ),
    );
    for (const { metadata, status } of all) {
      const isRetried = metadata.name.endsWith('7');
      assert.deepEqual([status?.phase, status?.attempts], ['Succeeded', isRetried ? 2 : 1], metadata.name);
    }
    const countOf = async () => ((await used.api.read(at('tasksets', 'set'))) as unknown as TaskSet).status;
    const status = await eventually('the set is done', countOf, (status) => status?.phase === 'Succeeded');
    assert.deepEqual([status?.finishedIndexes, status?.succeeded, status?.active], ['0-39', 40, 0]);
    assert.ok(kills >= 3, `only ${kills} kills`);
  });

  it('a leader that was shut down in order makes way at once', async () => {
    const leading = await eventually(
      'one leads',
      async () => (await Promise.all(managers.map(leads))).indexOf(true),
      (index) => index >= 0,
    );
    const other = managers[1 - leading] as Running;
    const startMs = performance.now();
    await managers[leading]?.stop();
    await eventually('the other leads', () => leads(other), Boolean, 5_000);
    assert.ok(performance.now() - startMs < 2_500);
    assert.equal(((await used.api.read(leadLease)).spec as { holderIdentity: string }).holderIdentity.length > 0, true);
  });
});
