import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Placement } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import type { Program } from '../server/program.ts';
import { useServer } from '../server/use-server.ts';
import { startControllers, users } from './controllers.ts';
import { at, type Stage, stageOf } from './stage.ts';

describe('the controllers, beside a real API server with its policies', () => {
  const used = useServer({ store: 'sqlite', hasPolicies: true, users });
  let controllers: Program & { metrics: string };
  let stage: Stage;
  let renewing: NodeJS.Timeout;
  before(async () => {
    stage = stageOf(used.api);
    await stage.allowScheduler();
    await stage.addNode('n1');
    renewing = setInterval(() => void stage.renew('n1').catch(() => {}), 1_000);
    controllers = await startControllers(used.server);
  });
  after(async () => {
    clearInterval(renewing);
    await controllers?.stop();
  });
  const phase = (name: string, wanted: string) =>
    eventually(
      `${name} is ${wanted}`,
      () => stage.task(name),
      ({ status }) => status?.phase === wanted,
    );
  const attemptOf = (name: string, number = 1): Promise<Placement> =>
    eventually(
      `attempt ${number} of ${name}`,
      async () => (await stage.placements()).find(({ spec }) => spec.owner.name === name && spec.attempt === number),
      (found) => found !== undefined,
    ) as Promise<Placement>;
  const bound = async (name: string, number = 1): Promise<Placement> => {
    await attemptOf(name, number);
    return eventually(
      `${name} is bound`,
      async () => {
        await stage.bindAll('n1');
        return attemptOf(name, number);
      },
      ({ spec }) => spec.nodeName === 'n1',
    );
  };

  it('takes a Task through its phases, as its node tells them', async () => {
    await stage.submit('hello');
    await phase('hello', 'Pending');
    const placement = await bound('hello');
    await phase('hello', 'Assigned');
    await stage.say(placement, { Accepted: 'Admitted' });
    await phase('hello', 'Starting');
    await stage.say(placement, { Running: 'Started' }, { startTime: new Date().toISOString() });
    await phase('hello', 'Running');
    await stage.say(placement, { Finished: 'Succeeded' }, { exitCode: 0, reason: 'Exited', finishTime: new Date().toISOString() });
    const { status } = await phase('hello', 'Succeeded');
    assert.deepEqual([status?.exitCode, status?.attempts, status?.node, status?.history?.length], [0, 1, 'n1', 1]);
  });

  it('tries again after a failure, and kills only when the node says so', async () => {
    await stage.submit('twice', { retry: { limit: 1, backoff: { initial: '100ms' } } });
    const first = await bound('twice');
    await stage.say(first, { Accepted: 'Admitted', Running: 'Started', Finished: 'Failed' }, { exitCode: 3 });
    const second = await bound('twice', 2);
    await stage.say(second, { Accepted: 'Admitted', Running: 'Started' });
    await phase('twice', 'Running');
    await stage.want('twice', { cancel: true });
    const stopped = await eventually(
      'the attempt is to stop',
      () => attemptOf('twice', 2),
      ({ spec }) => spec.power === 'Stopped',
    );
    assert.equal((await stage.task('twice')).status?.phase, 'Running');
    await stage.say(stopped, { Finished: 'Killed' }, { exitCode: 137 });
    const { status } = await phase('twice', 'Killed');
    assert.deepEqual([status?.attempts, status?.retries, status?.exitCode], [2, 1, 137]);
  });

  it('tells the same thing about the same Task once, with a count', async () => {
    await stage.submit('again', { retry: { limit: 2, backoff: { initial: '100ms', max: '100ms' } } });
    for (const number of [1, 2, 3])
      await stage.say(await bound('again', number), { Accepted: 'Admitted', Finished: 'Failed' }, { exitCode: 1 });
    await phase('again', 'Failed');
    const told = async () => {
      const { items } = await used.api.read('/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=again');
      return (items as unknown as { reason: string; count: number }[]).map(({ reason, count }) => `${reason} ${count}`).sort();
    };
    await eventually('both are told', told, (all) => all.join() === 'AttemptEnded 2,Failed 1');
  });

  it('lets everything of a deleted Task go, once its node has ended it', async () => {
    await stage.submit('gone');
    const placement = await bound('gone');
    await stage.say(placement, { Accepted: 'Admitted', Running: 'Started' });
    await used.api.remove(at('tasks', 'gone'));
    const stopped = await eventually(
      'it is to stop',
      () => attemptOf('gone'),
      ({ spec }) => spec.power === 'Stopped',
    );
    await stage.say(stopped, { Finished: 'Killed' });
    await eventually('it is gone', stage.placements, (all) => !all.some(({ spec }) => spec.owner.name === 'gone'));
  });

  it('makes the Tasks of a set as room appears, and counts them', async () => {
    await stage.submitSet('many', { count: 12, parallelism: 4 });
    await eventually(
      'the set is done',
      async () => {
        await stage.bindAll('n1');
        for (const placement of await stage.placements())
          if (placement.spec.nodeName && !placement.status?.phase && placement.spec.owner.name.startsWith('many-'))
            await stage.say(placement, { Accepted: 'Admitted', Running: 'Started', Finished: 'Succeeded' }, { exitCode: 0 });
        return used.api.read(at('tasksets', 'many'));
      },
      (set) => (set.status as { phase?: string })?.phase === 'Succeeded',
      30_000,
    );
    const { status } = (await used.api.read(at('tasksets', 'many'))) as unknown as { status: Record<string, unknown> };
    assert.deepEqual([status.succeeded, status.finishedIndexes, status.active], [12, '0-11', 0]);
  });

  it('says in events what it did, and in metrics how much', async () => {
    const { items } = await used.api.read('/api/v1/namespaces/default/events');
    assert.ok((items as unknown as { reason: string }[]).some(({ reason }) => reason === 'Killed'));
    const text = await (await fetch(controllers.metrics)).text();
    assert.match(text, /river_controllers_leading 1/);
    assert.match(text, /river_controllers_changes_total\{controller="task",act="create"\} [1-9]/);
    assert.doesNotMatch(controllers.log(), /"level":"(warn|error)"/);
  });
});
