import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Placement } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import { mergeType } from '../server/http.ts';
import { useServer } from '../server/use-server.ts';
import { type RunningAgent, startAgent } from './start-agent.ts';
import { type RunningDockerd, startDockerd } from './start-dockerd.ts';

describe('the agent', () => {
  const used = useServer({
    store: 'sqlite',
    hasPolicies: true,
    // Made as a controller does it, bound as the scheduler does it.
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
  const place = async ({ gpus, cpuset, ...spec }: { gpus?: object; cpuset?: string; [field: string]: unknown }): Promise<Placement> => {
    made++;
    const name = `t-one-${made}`;
    const owner = { kind: 'Task', name: 'one', uid: `uid-${made}` };
    const whole = { owner, attempt: made, image: 'busybox:test', ...spec };
    await used.api.create(all, { apiVersion: 'river.dev/v1', kind: 'Placement', metadata: { name }, spec: whole });
    const binding = { spec: { nodeName: 'n1', epoch: 1, ...(gpus && { gpus }), ...(cpuset && { cpuset }) } };
    const { status, json } = await used.api.call('PATCH', `${all}/${name}`, { body: binding, type: mergeType, token: 'scheduler' });
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  };
  const sh = (script: string, more: object = {}) => place({ command: ['sh', '-c', script], ...more });
  const read = async ({ metadata }: Placement) => (await used.api.read(`${all}/${metadata.name}`)) as Placement;
  const reaches = (placement: Placement, phase: string, deadlineMs = 30_000) =>
    eventually(
      `${placement.metadata.name} is ${phase}`,
      () => read(placement),
      ({ status }) => status?.phase === phase,
      deadlineMs,
    ).catch((error) => {
      throw new Error(`${error.message}\n${agent.log().slice(-4000)}`);
    });
  const power = ({ metadata }: Placement, to: string) => used.api.merge(`${all}/${metadata.name}`, { spec: { power: to } });
  const idOf = async (placement: Placement) =>
    (await dockerd.docker('ps', '-aq', '--filter', `label=river.dev/placement-uid=${uidOf(placement)}`)).trim();
  const uidOf = ({ metadata }: Placement) => metadata.uid ?? '';

  it('runs echo hello to its end, and keeps what it said', async () => {
    const placement = await place({ command: ['echo', 'hello'] });
    const { status } = await reaches(placement, 'Succeeded');
    assert.deepEqual([status?.exitCode, status?.reason, status?.epoch], [0, 'Completed', 1]);
    assert.ok((status?.startTime ?? '') <= (status?.finishTime ?? ''), `${status?.startTime} ${status?.finishTime}`);
    assert.deepEqual(await agent.output(uidOf(placement)), ['stdout: hello']);
    assert.equal(await idOf(placement), '');
  });

  it('tells exit codes, and what is a kill from what is out of memory', async () => {
    const [three, killed, eater] = [
      await sh('echo no >&2; exit 3'),
      await sh('kill -9 $$'),
      await sh('x=x; while :; do x=$x$x; done', { resources: { memory: '16Mi' } }),
    ];
    const codes = [];
    for (const [placement, phase] of [
      [three, 'Failed'],
      [killed, 'Failed'],
      [eater, 'KilledOOM'],
    ] as const)
      codes.push((await reaches(placement, phase)).status?.exitCode);
    assert.deepEqual(codes, [3, 137, 137]);
    assert.deepEqual(await agent.output(uidOf(three)), ['stderr: no']);
  });

  it('pauses, goes on, and ends what is asked to end', async () => {
    const placement = await sh('trap "exit 0" TERM; echo up; while :; do sleep 0.1; done');
    await reaches(placement, 'Running');
    await power(placement, 'Paused');
    await reaches(placement, 'Paused');
    await power(placement, 'Running');
    await reaches(placement, 'Running');
    await power(placement, 'Stopped');
    assert.equal((await reaches(placement, 'Stopped')).status?.exitCode, 0);
  });

  it('ends what runs longer than it may', async () => {
    const { status } = await reaches(await sh('exec sleep 60', { timeout: '1s', gracePeriod: '5s' }), 'Failed');
    assert.deepEqual([status?.reason, status?.exitCode], ['Timeout', 143]);
  });

  it('refuses devices that it has not, and says so', async () => {
    const placement = await place({ gpus: [{ index: 0 }] });
    const { status } = await reaches(placement, 'Rejected');
    assert.equal(status?.reason, 'NoSuchDevice');
    assert.equal(await idOf(placement), '');
  });

  it('gives a core to one at a time', async () => {
    const first = await sh('exec sleep 60', { cpuset: '0' });
    await reaches(first, 'Running');
    assert.equal((await reaches(await sh('true', { cpuset: '0' }), 'Rejected')).status?.reason, 'DeviceTaken');
    await power(first, 'Stopped');
    await reaches(first, 'Stopped');
    await reaches(await sh('true', { cpuset: '0' }), 'Succeeded');
  });

  it('reads Secrets for variables and files, and leaves no trace of them', async () => {
    await used.api.create('/api/v1/namespaces/lab/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key' },
      stringData: { word: 'swordfish' },
    });
    const placement = await sh('echo $WORD; cat /keys/word; (echo x >/keys/word) 2>/dev/null && echo writable; true', {
      env: [{ name: 'WORD', valueFrom: { secretKeyRef: { name: 'key', key: 'word' } } }],
      mounts: [{ mountPath: '/keys', secret: { name: 'key' } }],
    });
    await eventually(
      'it is over',
      () => read(placement),
      ({ status }) => ['Succeeded', 'Failed'].includes(status?.phase ?? ''),
      30_000,
    );
    assert.deepEqual(await agent.output(uidOf(placement)), ['stdout: swordfish', 'stdout: swordfish']);
    assert.doesNotMatch(JSON.stringify(await read(placement)) + agent.log(), /swordfish/);
  });

  it('says what is missing when an image is not there and must not be fetched', async () => {
    const { status } = await reaches(await place({ image: 'nothing:here', imagePullPolicy: 'Never' }), 'Failed', 60_000);
    assert.equal(status?.reason, 'ImageMissing');
  });

  it('takes up what runs after kill -9 of itself, and tells the true exit code of what ended meanwhile', async () => {
    const short = await sh('sleep 1; echo done; exit 7');
    const long = await sh('sleep 6; exit 5');
    await reaches(short, 'Running');
    const { status } = await reaches(long, 'Running');
    const pid = agent.agentPid() ?? 0;
    process.kill(pid, 'SIGKILL');
    const { status: after } = await reaches(short, 'Failed');
    assert.equal(after?.exitCode, 7);
    assert.deepEqual(await agent.output(uidOf(short)), ['stdout: done']);
    assert.notEqual(agent.agentPid(), pid);
    const { status: end } = await reaches(long, 'Failed');
    assert.deepEqual([end?.exitCode, end?.startTime], [5, status?.startTime]);
  });

  it('brings each of many to its own end, once and with its whole output, while it is killed again and again', async () => {
    const script = (at: number) =>
      `echo begin; for i in 1 2 3 4 5 6; do echo $i >&2; sleep 0.$((${at} % 5)); done; echo end; exit ${at % 4}`;
    const many: Placement[] = [];
    const make = async () => {
      for (let at = 0; at < 24; at++) many.push(await sh(script(at)));
    };
    const kills = async () => {
      for (let count = 0; count < 5; count++) {
        const pid = await eventually('an agent runs', async () => agent.agentPid(), Boolean);
        // Somewhere in what it does, a little later each time.
        await eventually(
          'more has been made',
          async () => many.length,
          (length) => length >= Math.min(24, count * 5 + 2),
        );
        process.kill(pid ?? 0, 'SIGKILL');
        await eventually(
          'another agent runs',
          async () => agent.agentPid(),
          (next) => next !== undefined && next !== pid,
        );
      }
    };
    await Promise.all([make(), kills()]);
    for (const [at, placement] of many.entries()) {
      const { status } = await reaches(placement, at % 4 === 0 ? 'Succeeded' : 'Failed', 90_000);
      assert.equal(status?.exitCode, at % 4);
      const said = await agent.output(uidOf(placement));
      assert.deepEqual(
        said.filter((line) => line.startsWith('stdout')),
        ['stdout: begin', 'stdout: end'],
      );
      assert.equal(said.length, 8);
    }
  });

  it('goes on over a restart of the container engine that lets containers live', async () => {
    const placement = await sh('for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.5; done; exit 9');
    await reaches(placement, 'Running');
    await dockerd.kill9();
    await dockerd.start();
    assert.equal((await reaches(placement, 'Failed')).status?.exitCode, 9);
    assert.equal((await agent.output(uidOf(placement))).length, 8);
  });

  it('keeps what is said while the container engine is dead, also by what ends before it is back', async () => {
    const count = (length: number, code: number) => `for i in $(seq 1 ${length}); do echo $i; sleep 0.05; done; echo end >&2; exit ${code}`;
    const [ends, stays] = [await sh(count(60, 7)), await sh(count(250, 8))];
    for (const placement of [ends, stays]) await reaches(placement, 'Running');
    const id = await idOf(ends);
    const processesOf = (container: string) =>
      globSync([
        `/sys/fs/cgroup/freezer/${agent.cgroup}/${container}*/cgroup.procs`,
        `/sys/fs/cgroup/${agent.cgroup}/${container}*/cgroup.procs`,
      ])
        .map((file) => readFileSync(file, 'utf8'))
        .join('');
    await dockerd.kill9();
    await eventually(
      'the shorter one has ended',
      () => processesOf(id),
      (pids) => pids === '',
    );
    await dockerd.start();
    for (const [placement, length, code] of [
      [ends, 60, 7],
      [stays, 250, 8],
    ] as const) {
      assert.equal((await reaches(placement, 'Failed')).status?.exitCode, code);
      const said = [...Array.from({ length }, (_, index) => `stdout: ${index + 1}`), 'stderr: end'];
      assert.deepEqual(await agent.output(uidOf(placement)), said);
    }
  });

  it('removes orphans that are its own, and nothing else', async () => {
    const labels = ['--label', 'river.dev/epoch=1', '--label', 'river.dev/placement-uid=nobody'];
    // As the warm sandboxes of this node say it; another River may have a node of the same name.
    const [owner = ''] = (await dockerd.docker('ps', '--filter', 'label=river.dev/node', '--format', '{{.Label "river.dev/node"}}')).split(
      '\n',
    );
    assert.match(owner, /^n1\.[0-9a-f]{8}$/);
    const mine = await dockerd.docker(
      'run',
      '-d',
      '--network',
      'none',
      ...labels,
      '--label',
      `river.dev/node=${owner}`,
      'busybox:test',
      'sleep',
      '600',
    );
    const others = await dockerd.docker(
      'run',
      '-d',
      '--network',
      'none',
      ...labels,
      '--label',
      'river.dev/node=n1.00000000',
      'busybox:test',
      'sleep',
      '600',
    );
    const isThere = async (id: string) => (await dockerd.docker('ps', '-q', '--no-trunc')).includes(id.trim());
    await eventually(
      'the orphan is gone',
      () => isThere(mine),
      (there) => !there,
    );
    assert.equal(await isThere(others), true);
    await dockerd.docker('rm', '-f', others.trim());
  });

  it('gives each an address of its own in a sandbox, takes it back, and leaks none over a restart', async () => {
    const sandboxes = async () => (await dockerd.docker('ps', '-aq', '--filter', 'label=river.dev/sandbox')).split('\n').filter(Boolean);
    const together = await Promise.all(['a', 'b', 'c'].map((name) => sh(`echo ${name}; ip -4 -o addr show dev eth0; exec sleep 60`)));
    const addresses = [];
    for (const placement of together) addresses.push((await reaches(placement, 'Running')).status?.address);
    assert.equal(new Set(addresses).size, 3, String(addresses));
    assert.ok(
      addresses.every((address) => /^10\./.test(address ?? '')),
      String(addresses),
    );
    process.kill(agent.agentPid() ?? 0, 'SIGKILL');
    for (const placement of together) await power(placement, 'Stopped');
    for (const [at, placement] of together.entries()) {
      await reaches(placement, 'Stopped');
      assert.match((await agent.output(uidOf(placement)))[1] ?? '', new RegExp(`inet ${addresses[at]}/`));
    }
    // Four ready, and at most four kept for the namespace.
    await eventually('the rest is removed', sandboxes, (ids) => ids.length >= 4 && ids.length <= 8, 90_000);
  });

  it('leaves no unused network behind when it is asked to end, and what runs goes on', async () => {
    const sandboxes = async () => (await dockerd.docker('ps', '-aq', '--filter', 'label=river.dev/sandbox')).split('\n').filter(Boolean);
    const placement = await sh('sleep 1000');
    const { status } = await reaches(placement, 'Running');
    await eventually('some are ready', sandboxes, (ids) => ids.length >= 4);
    await agent.guard().stop();
    assert.equal((await sandboxes()).length, 1);
    await agent.start();
    await power(placement, 'Stopped');
    assert.equal((await reaches(placement, 'Stopped')).status?.startTime, status?.startTime);
  });

  it('goes on without the server, and tells afterwards what happened meanwhile, with its own times', async () => {
    const placement = await sh('sleep 2; exit 4');
    await reaches(placement, 'Running');
    await used.server.kill9();
    await eventually(
      'its container has ended and gone',
      () => idOf(placement),
      (id) => id === '',
      30_000,
    );
    const seenMs = Date.now();
    await used.server.restart();
    const { status } = await reaches(placement, 'Failed', 40_000);
    assert.equal(status?.exitCode, 4);
    assert.ok(Date.parse(status?.finishTime ?? '') <= seenMs, `ended ${status?.finishTime}, seen at ${new Date(seenMs).toISOString()}`);
  });
});
