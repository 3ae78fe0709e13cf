import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dockerDriver, engine } from '@river/node-agent/docker';
import { type DriverUnderTest, driverContract, orderOf } from '@river/node-agent/testing';
import { eventually } from '../server/eventually.ts';
import { type RunningDockerd, startDockerd } from './start-dockerd.ts';

const start = async (dockerd: RunningDockerd): Promise<DriverUnderTest> => ({
  driver: dockerDriver({
    engine: engine(dockerd.socket),
    node: 'n1',
    cgroups: { fenced: '/river-test-fenced', others: '/river-test' },
    network: { enter: async () => 'none', leave: async () => {}, addressOf: () => undefined },
  }),
  program({ prints = [], forMs = 0, code = 0, isStubborn = false }) {
    const says = prints.map(([stream, text]) => `echo '${text}' >&${stream === 'stdout' ? 1 : 2}`);
    const lines = [
      ...(isStubborn ? ["trap '' TERM"] : []),
      ...says,
      ...(forMs > 0 ? [isStubborn ? 'while :; do sleep 1; done' : `exec sleep ${forMs / 1000}`] : []),
      `exit ${code}`,
    ];
    return { image: 'busybox:test', command: ['sh', '-c', lines.join('\n')] };
  },
  until: (what, look, isRight) => eventually(what, look, isRight, 30_000),
  close: () => dockerd.stop(),
});

driverContract('docker', async () => start(await startDockerd()));

describe('the driver docker', () => {
  const signal = AbortSignal.timeout(120_000);
  let dockerd: RunningDockerd;
  let test: DriverUnderTest;
  before(async () => {
    dockerd = await startDockerd({ hasGpuHook: true });
    test = await start(dockerd);
  });
  after(() => dockerd.stop());
  const run = async (given: Parameters<typeof orderOf>[0]) => {
    const order = orderOf(given);
    const id = await test.driver.create(order, signal);
    await test.driver.start(id, signal);
    return { ...order, id };
  };
  const ended = (uid: string) =>
    test.until(
      'it has ended',
      async () => (await test.driver.observe(signal, uid))[0],
      (container) => container?.state === 'exited',
    );
  const said = async (id: string) =>
    (await Array.fromAsync(test.driver.output(id, {}, signal))).map(({ bytes }) => bytes.toString()).join('');

  it('says of what has lost the network that it was to join that it has not started, whether that has ended or is gone', async () => {
    for (const command of ['kill', 'rm']) {
      const holder = (await dockerd.docker('run', '-d', '--network', 'none', 'busybox:test', 'sleep', '1000')).trim();
      const driver = dockerDriver({
        engine: engine(dockerd.socket),
        node: 'n1',
        cgroups: { fenced: '/river-test-fenced', others: '/river-test' },
        network: { enter: async () => `container:${holder}`, leave: async () => {}, addressOf: () => undefined },
      });
      const order = orderOf({ command: ['true'] });
      const id = await driver.create(order, signal);
      await dockerd.docker(...(command === 'rm' ? ['rm', '-f'] : ['kill']), holder);
      await driver.start(id, signal);
      const [seen] = await driver.observe(signal, order.uid);
      assert.deepEqual([seen?.state, seen?.lacksNetwork], ['created', true], command);
      await driver.remove(id, signal);
    }
  });

  it('tells out of memory from a kill: both end with 137', async () => {
    const eater = await run({ command: ['sh', '-c', 'x=x; while :; do x=$x$x; done'], memoryBytes: 16 << 20 });
    assert.deepEqual([(await ended(eater.uid))?.exit?.code, (await ended(eater.uid))?.exit?.isOutOfMemory], [137, true]);
    const killed = await run({ command: ['sleep', '60'] });
    await test.driver.stop(killed.id, 0, signal);
    assert.deepEqual([(await ended(killed.uid))?.exit?.code, (await ended(killed.uid))?.exit?.isOutOfMemory], [137, false]);
  });

  it('gives what was ordered: limits, cores, shared memory, user, folder, variables', async () => {
    const script = [
      'id -u',
      'pwd',
      'echo $GREETING',
      'df -k /dev/shm | tail -1',
      'grep Cpus_allowed_list /proc/self/status',
      'cat /proc/1/comm',
    ];
    const { uid, id } = await run({
      command: ['sh', '-c', script.join('; ')],
      user: '1000:1000',
      workingDirectory: '/tmp',
      env: { GREETING: 'good day' },
      sharedMemoryBytes: 8 << 20,
      cpuset: '1',
      cpuMillis: 500,
      memoryBytes: 64 << 20,
    });
    await ended(uid);
    const [user, folder, greeting, shm, cpus, init] = (await said(id)).split('\n');
    assert.deepEqual([user, folder, greeting, init], ['1000', '/tmp', 'good day', 'docker-init']);
    assert.match(shm ?? '', / 8192 /);
    assert.match(cpus ?? '', /\s1$/);
    const info = JSON.parse(await dockerd.docker('inspect', id))[0].HostConfig;
    assert.deepEqual([info.NanoCpus, info.Memory, info.MemorySwap, info.PidsLimit], [5e8, 64 << 20, 64 << 20, 4096]);
  });

  it('is hardened: no new privileges, few capabilities, system calls filtered', async () => {
    const { uid, id } = await run({
      command: ['sh', '-c', 'grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status; mknod /tmp/x c 1 3 || echo refused'],
    });
    await ended(uid);
    assert.match(await said(id), /CapBnd:\s+00000000000004fb\nNoNewPrivs:\s+1\nSeccomp:\s+2/);
    assert.match(await said(id), /refused/);
  });

  it('says why something could not be started at all', async () => {
    const { uid } = await run({ command: ['true'], user: 'nosuchuser' });
    const { exit, startMs } = (await ended(uid)) ?? {};
    assert.match(exit?.error ?? '', /nosuchuser/);
    assert.equal(startMs, undefined);
  });

  it('gives the GPUs that were ordered, and no others', async () => {
    const { uid, id } = await run({ command: ['sh', '-c', 'echo $NVIDIA_VISIBLE_DEVICES'], gpuUuids: ['GPU-1', 'GPU-2'] });
    await ended(uid);
    assert.equal(await said(id), 'GPU-1,GPU-2\n');
  });

  it('keeps what a variable holds out of labels', async () => {
    const { id } = await run({ command: ['true'], env: { PASSWORD: 'hunter2' } });
    const { Config } = JSON.parse(await dockerd.docker('inspect', id))[0];
    assert.doesNotMatch(JSON.stringify(Config.Labels), /hunter2/);
  });

  it('survives a restart of the engine, and tells the code and the output of what ended meanwhile', async () => {
    const { uid, id } = await run({ command: ['sh', '-c', 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done; exit 7'] });
    await dockerd.kill9();
    await assert.rejects(test.driver.observe(signal, uid), { reason: 'EngineUnreachable' });
    await dockerd.start();
    assert.equal((await ended(uid))?.exit?.code, 7);
    assert.equal(await said(id), '1\n2\n3\n4\n5\n6\n');
  });

  it('says in one sentence that an image cannot be fetched, once for all who ask, and asks again later', async () => {
    const order = { image: 'registry.invalid/nothing:here', policy: 'IfNotPresent' as const, credentials: [] };
    const answers = await Promise.allSettled([test.driver.pull(order, signal), test.driver.pull(order, signal)]);
    for (const answer of answers) assert.match(String(answer.status === 'rejected' && answer.reason.message), /cannot be fetched: /);
  });
});
