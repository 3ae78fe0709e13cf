import assert from 'node:assert/strict';
import { fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Lease, Placement } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import { mergeType } from '../server/http.ts';
import { useServer } from '../server/use-server.ts';
import { type RunningAgent, startAgent } from './start-agent.ts';
import { type RunningDockerd, startDockerd } from './start-dockerd.ts';

describe('the guard', () => {
  const used = useServer({
    store: 'sqlite',
    hasPolicies: true,
    users: { scheduler: { user: 'system:river-scheduler', groups: ['system:masters'] } },
  });
  let dockerd: RunningDockerd;
  let agent: RunningAgent;
  before(async () => {
    dockerd = await startDockerd();
    agent = await startAgent({ server: used.server, api: used.api, dockerd, node: 'n1' });
    await used.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
  });
  after(async () => {
    await agent?.stop();
    await dockerd?.stop();
  });

  const all = '/apis/river.dev/v1/namespaces/lab/placements';
  let made = 0;
  const place = async (onDisconnect: 'Fence' | 'Continue'): Promise<Placement> => {
    made++;
    const name = `t-${onDisconnect.toLowerCase()}-${made}`;
    const owner = { kind: 'Task', name: 'one', uid: `uid-${made}` };
    const command = ['sh', '-c', 'while :; do date +%s%N >>/beat; sleep 0.05; done'];
    const spec = { owner, attempt: made, image: 'busybox:test', command, onDisconnect, gracePeriod: '1s' };
    await used.api.create(all, { apiVersion: 'river.dev/v1', kind: 'Placement', metadata: { name }, spec });
    const { json } = await used.api.call('PATCH', `${all}/${name}`, {
      body: { spec: { nodeName: 'n1', epoch: 1 } },
      type: mergeType,
      token: 'scheduler',
    });
    await reaches(json, 'Running');
    return json;
  };
  const read = async ({ metadata }: Placement) => (await used.api.read(`${all}/${metadata.name}`)) as Placement;
  const reaches = (placement: Placement, phase: string) =>
    eventually(
      `${placement.metadata.name} is ${phase}`,
      () => read(placement),
      ({ status }) => status?.phase === phase,
      40_000,
    ).catch((error) => {
      throw new Error(`${error.message}\n${agent.log().slice(-4000)}`);
    });
  /** Where the layers of the engine show what the container has written, frozen or not. */
  const beatsOf = async ({ metadata }: Placement) => {
    const id = (await dockerd.docker('ps', '-q', '--filter', `label=river.dev/placement-uid=${metadata.uid}`)).trim();
    const upper = (await dockerd.docker('inspect', '--format', '{{.GraphDriver.Data.UpperDir}}', id)).trim();
    const path = join(upper, 'beat');
    return { id, path, count: () => readFileSync(path, 'utf8').length };
  };
  /** The same after the container is gone: the file is held open. */
  const holding = ({ id, path }: { id: string; path: string }) => {
    const file = openSync(path, 'r');
    return { id, count: () => fstatSync(file).size };
  };
  const isFrozen = () => {
    const path = readFileSync(join(agent.dir, 'run/fenced-cgroup'), 'utf8');
    const [file, word] = path.includes('/freezer/') ? ['freezer.state', 'FROZEN'] : ['cgroup.freeze', '1'];
    return readFileSync(join(path, file), 'utf8').trim() === word;
  };
  const standsStill = async (count: () => number) => {
    const before = count();
    const endMs = performance.now() + 400;
    await eventually(
      'some time has passed',
      () => performance.now(),
      (nowMs) => nowMs > endMs,
    );
    return count() === before;
  };

  it('freezes fenced work when the server is away for too long, and only that; thaws what is still its own', async () => {
    const [fenced, free] = [await place('Fence'), await place('Continue')];
    const [fencedBeats, freeBeats] = [await beatsOf(fenced), await beatsOf(free)];
    await used.server.kill9();
    const awayMs = performance.now();
    await eventually('fenced work is frozen', isFrozen, Boolean, 30_000);
    const frozenAfterMs = performance.now() - awayMs;
    assert.ok(frozenAfterMs > 15_000 && frozenAfterMs < 21_000, `frozen after ${frozenAfterMs} ms`);
    assert.equal(await standsStill(fencedBeats.count), true);
    assert.equal(await standsStill(freeBeats.count), false);
    await used.server.restart();
    await eventually('fenced work goes on', isFrozen, (frozen) => !frozen, 30_000);
    assert.equal(await standsStill(fencedBeats.count), false);
    for (const placement of [fenced, free]) await used.api.merge(`${all}/${placement.metadata.name}`, { spec: { power: 'Stopped' } });
    for (const placement of [fenced, free]) await reaches(placement, 'Stopped');
  });

  it('kills what is not its own any more before anything is thawed, also with its agent dead until then', async () => {
    const [lost, kept] = [await place('Fence'), await place('Fence')];
    const [lostBeats, keptBeats] = [await beatsOf(lost), await beatsOf(kept)];
    const pid = agent.agentPid() ?? 0;
    process.kill(pid, 'SIGSTOP');
    await eventually('fenced work is frozen', isFrozen, Boolean, 30_000);
    const counts = [lostBeats.count(), keptBeats.count()];
    await used.api.call('DELETE', `${all}/${lost.metadata.name}`);
    process.kill(pid, 'SIGKILL');
    process.kill(pid, 'SIGCONT');
    await eventually('fenced work goes on', isFrozen, (frozen) => !frozen, 30_000);
    await eventually('what is kept goes on', keptBeats.count, (count) => count > (counts[1] ?? 0));
    await eventually(
      'what was lost is gone',
      () => dockerd.docker('ps', '-aq'),
      (ids) => !ids.includes(lostBeats.id),
    );
    await used.api.merge(`${all}/${kept.metadata.name}`, { spec: { power: 'Stopped' } });
    await reaches(kept, 'Stopped');
  });

  const lease = '/apis/coordination.k8s.io/v1/namespaces/river-nodes/leases/n1';
  const holder = async () => ((await used.api.read(lease)) as unknown as Lease).spec?.holderIdentity;
  const takeLease = () => used.api.merge(lease, { spec: { holderIdentity: 'river-controllers' } });
  /** Its Placement has not been called lost by anybody yet, and its agent is the first to say so. */
  const isLost = async (placement: Placement, beats: { id: string; count: () => number }, frozenAt: number) => {
    const { status } = await reaches(placement, 'Lost');
    assert.deepEqual([status?.reason, status?.exitCode], ['NodeLost', undefined]);
    assert.equal(beats.count(), frozenAt, 'it ran on');
    assert.match((await holder()) ?? '', /^n1_/);
    await eventually(
      'it is gone',
      () => dockerd.docker('ps', '-aq'),
      (ids) => !ids.includes(beats.id),
    );
  };

  it('has everything fenced killed where it stands when the lease was taken, before the lease is taken back', async () => {
    const placement = await place('Fence');
    const beats = holding(await beatsOf(placement));
    const pid = agent.agentPid() ?? 0;
    process.kill(pid, 'SIGSTOP');
    await eventually('fenced work is frozen', isFrozen, Boolean, 30_000);
    const frozenAt = beats.count();
    await takeLease();
    process.kill(pid, 'SIGCONT');
    await isLost(placement, beats, frozenAt);
    await eventually('fenced work may run again', isFrozen, (frozen) => !frozen, 20_000);
  });

  it('has it frozen first when it was not yet, by the next agent', async () => {
    const [placement, free] = [await place('Fence'), await place('Continue')];
    const [beats, freeBeats] = [holding(await beatsOf(placement)), await beatsOf(free)];
    const pid = agent.agentPid() ?? 0;
    process.kill(pid, 'SIGSTOP');
    await takeLease();
    process.kill(pid, 'SIGKILL');
    process.kill(pid, 'SIGCONT');
    await eventually('fenced work is frozen', isFrozen);
    await isLost(placement, beats, beats.count());
    assert.equal(await standsStill(freeBeats.count), false);
    await reaches(free, 'Running');
    const next = await place('Fence');
    for (const one of [free, next]) await used.api.merge(`${all}/${one.metadata.name}`, { spec: { power: 'Stopped' } });
    for (const one of [free, next]) await reaches(one, 'Stopped');
  });

  it('is started anew by its agent when it is killed, and fenced work stands still until then', async () => {
    const placement = await place('Fence');
    const beats = await beatsOf(placement);
    const pid = agent.agentPid();
    await agent.guard().kill9();
    await eventually('fenced work is frozen', isFrozen);
    await eventually('and goes on with another guard', isFrozen, (frozen) => !frozen, 20_000);
    assert.equal(await standsStill(beats.count), false);
    const guards = readdirSync('/proc').filter((name) => commandOf(name).includes('guard/main.ts') && commandOf(name).includes(agent.dir));
    assert.equal(guards.length, 1);
    // The agent is the same, and this guard keeps it too.
    assert.ok(commandOf(String(pid)).includes('agent/main.ts'));
    process.kill(pid ?? 0, 'SIGKILL');
    await used.api.merge(`${all}/${placement.metadata.name}`, { spec: { power: 'Stopped' } });
    await reaches(placement, 'Stopped');
    process.kill(Number(guards[0]), 'SIGTERM');
    await eventually(
      'the guard has ended',
      () => commandOf(guards[0] ?? ''),
      (command) => command === '',
    );
  });
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
