import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, describe, it, type TestContext } from 'node:test';
import { eventually } from '../server/eventually.ts';
import { memoryOf, startWholeRiver, type WholeRiver } from './stage.ts';

const namespace = 'default';

describe('the output of Tasks, from their node to whoever may read it', { timeout: 400_000 }, () => {
  let river: WholeRiver;
  const submit = (...args: string[]) => river.ctl('task', 'submit', '--image', 'busybox:test', ...args);
  const shell = (name: string, script: string, ...flags: string[]) => submit('--name', name, ...flags, '--', 'sh', '-c', script);
  const logs = (...args: string[]) => river.ctl('task', 'logs', ...args);
  /** Its container is gone; what is left is what was kept. */
  const isKept = () =>
    eventually(
      'no container is left',
      () => river.dockerd.docker('ps', '-aq', '--filter', 'label=river.dev/placement-uid'),
      (ids) => ids.trim() === '',
      30_000,
    );

  before(async () => {
    river = await startWholeRiver();
  });
  after(() => river?.stop());
  afterEach((context) => {
    if ((context as TestContext).passed === false) process.stderr.write(`${river?.log()}\n`);
  });

  it('is what who waits sees, each stream in its place, with the exit code of the program', async () => {
    const hello = await submit('--name', 'hello', '--wait', '--', 'echo', 'hello');
    assert.deepEqual([hello.code, String(hello.out)], [0, 'hello\n'], hello.err);
    const both = await shell('both', 'echo out; echo err >&2; exit 42', '--wait');
    assert.deepEqual([both.code, String(both.out)], [42, 'out\n']);
    assert.match(both.err, /^err$/m);
    assert.doesNotMatch(both.err, /^out$/m);
  });

  it('is there when its container is long gone, whole or in part', async () => {
    await isKept();
    const shown = await logs('both');
    assert.deepEqual([shown.code, String(shown.out), shown.err], [0, 'out\n', 'err\n']);
    assert.deepEqual([String((await logs('both', '--stdout')).out), (await logs('both', '--stdout')).err], ['out\n', '']);
    assert.equal((await logs('both', '--stderr')).err, 'err\n');
    await shell('many', 'for i in $(seq 100); do echo $i; done', '--wait');
    assert.equal(String((await logs('many', '--tail', '2')).out), '99\n100\n');
    assert.equal(String((await logs('many', '--since', '0s')).out), '');
    assert.equal(String((await logs('many', '--since', '1h')).out).length, 292);
    assert.match(String((await logs('many', '--tail', '1', '--timestamps')).out), /^\d{4}-\d\d-\d\dT[0-9:]{8}\.\d{9}Z 100\n$/);
  });

  it('waits for what has not started, and says why; without -f that is an error', async () => {
    await submit('--name', 'held', '--hold', '--', 'echo', 'at last');
    const early = await logs('held');
    assert.deepEqual([early.code, String(early.out)], [4, '']);
    assert.match(early.err, /^riverctl: task\/held has not started \(Pending\): wait for it with -f, or see riverctl why task\/held\n$/);
    const following = river.start('task', 'logs', 'held', '-f');
    const said = [text(following.stdout), text(following.stderr)] as const;
    const notes: string[] = [];
    following.stderr.on('data', (chunk) => notes.push(String(chunk)));
    await eventually(
      'it says why it waits',
      () => notes.join(''),
      (seen) => /task\/held waits \(Pending: Suspended: .*\)\n/.test(seen),
    );
    await river.ctl('task', 'resume', 'held');
    assert.equal(await said[0], 'at last\n');
    assert.equal((await said[1]).split('\n').filter((line) => line.includes('Suspended')).length, 1);
    assert.equal((await logs('absent')).code, 3);
  });

  it('goes on with the next attempt, and can be asked of each', async () => {
    const spec = {
      image: 'busybox:test',
      command: ['sh', '-c', 'echo attempt $(cat /proc/sys/kernel/random/uuid); exit 1'],
      retry: { limit: 2, backoff: { initial: '100ms', max: '200ms' } },
    };
    // Who follows begins with the newest attempt: so nothing begins before somebody follows.
    const task = { apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name: 'again', namespace }, spec: { ...spec, suspend: true } };
    await river.client.json({ method: 'POST', path: `/apis/river.dev/v1/namespaces/${namespace}/tasks`, body: task });
    const following = river.start('task', 'logs', 'again', '-f');
    const said = [text(following.stdout), once(following, 'close')] as const;
    let notes = '';
    following.stderr.on('data', (chunk) => {
      notes += chunk;
    });
    await eventually(
      'it is followed',
      () => notes,
      (seen) => seen.includes('Suspended'),
    );
    await river.ctl('task', 'resume', 'again');
    const [out, [code]] = await Promise.all(said);
    const lines = out.trim().split('\n');
    assert.deepEqual([code, lines.length, new Set(lines).size], [0, 3, 3]);
    const each = await Promise.all(['1', '2', '3'].map((attempt) => logs('again', '--attempt', attempt)));
    assert.deepEqual(
      each.map(({ out }) => String(out).trim()),
      lines,
    );
    assert.equal(String((await logs('again')).out).trim(), lines[2]);
    assert.equal((await logs('again', '--attempt', '4')).code, 4);
  });

  it('is 50 MB of any bytes, the same as were written', async () => {
    // Ends with a newline, which the engine would add otherwise.
    const run = await shell('bytes', '(head -c 50000000 /dev/urandom; echo) | tee /tmp/all; sha256sum </tmp/all >&2', '--wait');
    assert.equal(run.code, 0, run.err);
    assert.equal(run.out.length, 50_000_001);
    const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    assert.equal(sum(run.out), /^([0-9a-f]{64}) /m.exec(run.err)?.[1]);
    await isKept();
    assert.equal(sum((await logs('bytes', '--stdout')).out), sum(run.out));
  });

  it('costs no memory while its reader is slow, on its way or on its node', async () => {
    const { gateway, agent } = river.pids();
    const before = [memoryOf(gateway), memoryOf(agent)];
    const slow = river.start('task', 'logs', 'bytes');
    slow.stdout.once('readable', () => {});
    const most = [0, 0];
    await shell('meanwhile', 'for i in $(seq 50); do echo $i; usleep 100000; done', '--wait');
    for (const [at, pid] of [gateway, agent].entries()) most[at] = memoryOf(pid);
    let bytes = 0;
    slow.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(slow, 'close');
    assert.equal(bytes, 50_000_001);
    const grown = most.map((mib, at) => Math.round(mib - (before[at] ?? 0)));
    process.stderr.write(`MiB of gateway and agent: ${before.map(Math.round)} before, grown by ${grown} with a reader that has stalled\n`);
    assert.ok(
      grown.every((mib) => mib < 24),
      `grown by ${grown} MiB`,
    );
  });

  it('reaches twenty who follow at once, each line once', async () => {
    await shell('shared', 'for i in $(seq 300); do echo line $i; usleep 20000; done');
    const shown = await Promise.all(Array.from({ length: 20 }, () => logs('shared', '-f')));
    const wanted = Array.from({ length: 300 }, (_, at) => `line ${at + 1}\n`).join('');
    for (const { code, out, err } of shown) assert.deepEqual([code, String(out)], [0, wanted], err);
  });

  it('is not shown to who may not read it, in clear words', async () => {
    await river.ctl('user', 'create', 'viv', '--role', 'viewer');
    const { out } = await river.ctl('user', 'kubeconfig', 'viv');
    const file = `${river.data.root}/viv.kubeconfig`;
    writeFileSync(file, out, { mode: 0o600 });
    const refused = await logs('hello', '--kubeconfig', file);
    assert.equal(refused.code, 5);
    assert.match(
      refused.err,
      /tasks.river.dev "hello" is forbidden: viv may not read the output of Tasks in the namespace default.*tasks\/log.*\n$/,
    );
    await river.ctl('user', 'create', 'una', '--role', 'user');
    writeFileSync(file, (await river.ctl('user', 'kubeconfig', 'una')).out, { mode: 0o600 });
    assert.equal(String((await logs('hello', '--kubeconfig', file)).out), 'hello\n');
    await river.ctl('user', 'disable', 'una');
    assert.equal((await logs('hello', '--kubeconfig', file)).code, 5);
  });

  const counted = (to: number) => Array.from({ length: to }, (_, at) => `${at + 1}\n`).join('');
  const counting = (to: number) => `for i in $(seq ${to}); do echo $i; usleep 10000; done`;

  it('goes on where it was when the gateway is killed, each line once', async () => {
    await shell('through', counting(1500));
    const following = river.start('task', 'logs', 'through', '-f');
    const said = [text(following.stdout), text(following.stderr)] as const;
    for (let kill = 0; kill < 3; kill++) {
      await linesOf(following, 100);
      const { gateway } = river.pids();
      process.kill(gateway, 'SIGKILL');
      await eventually(
        'another gateway runs',
        () => river.pids().gateway,
        (pid) => pid !== gateway,
      );
    }
    assert.equal(await said[0], counted(1500), await said[1]);
    assert.match(await said[1], /was cut off .*going on where it was/);
  });

  it('goes on where it was when the agent is killed, each line once, also when it has ended meanwhile', async () => {
    await shell('counting', counting(1500));
    const following = river.start('task', 'logs', 'counting', '-f');
    const said = [text(following.stdout), text(following.stderr)] as const;
    for (let kill = 0; kill < 2; kill++) {
      await linesOf(following, 100);
      const { agent } = river.pids();
      process.kill(agent, 'SIGKILL');
      await eventually(
        'another agent runs',
        () => river.pids().agent,
        (pid) => pid !== agent && pid !== 0,
      );
    }
    assert.equal(await said[0], counted(1500), await said[1]);
    await shell('short', counting(300));
    const last = river.start('task', 'logs', 'short', '-f');
    const words = [text(last.stdout), text(last.stderr)] as const;
    await linesOf(last, 20);
    process.kill(river.pids().agent, 'SIGKILL');
    assert.equal(await words[0], counted(300), await words[1]);
  });

  it('cannot be had from a node that is away, and the error names the node', async () => {
    const { guard, agent } = river.pids();
    for (const pid of [guard, agent]) process.kill(pid, 'SIGSTOP');
    try {
      // A link that says nothing any more is let go of.
      const away = await eventually(
        'the node is away',
        () => logs('hello'),
        ({ err }) => err.includes('is away'),
        60_000,
      );
      assert.equal(away.code, 1);
      assert.match(away.err, new RegExp(`^riverctl: the node ${river.node} is away: it has no link to the gateway`));
    } finally {
      for (const pid of [agent, guard]) process.kill(pid, 'SIGCONT');
    }
    await eventually(
      'it is back',
      () => logs('hello'),
      ({ out }) => String(out) === 'hello\n',
      60_000,
    );
  });
});

/** Resolves when so many more lines have come. */
const linesOf = (child: ReturnType<WholeRiver['start']>, count: number): Promise<void> =>
  new Promise((resolve) => {
    let left = count;
    const onData = (chunk: Buffer) => {
      left -= String(chunk).split('\n').length - 1;
      if (left > 0) return;
      child.stdout.off('data', onData);
      resolve();
    };
    child.stdout.on('data', onData);
  });
