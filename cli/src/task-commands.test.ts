import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@river/crds';
import { type ApiClient, apiClient, loadKubeconfig } from '@river/runtime';
import { tasks } from './task/tasks.ts';

const data = mkdtempSync(join(tmpdir(), 'riverctl-'));
const env = { ...process.env, KUBECONFIG: join(data, 'kubeconfig') };
const up = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'up/main.ts'), ...args, '--data', data], { encoding: 'utf8', timeout: 90_000 });
const riverctl = join(import.meta.dirname, '../dist/riverctl.js');
const ctl = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [riverctl, ...args], { encoding: 'utf8', env, timeout: 30_000 });
  return { code: status, out: stdout, err: stderr };
};
const ok = (...args: string[]) => {
  const { code, out, err } = ctl(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
};
const submit = (...more: string[]) => ok('task', 'submit', '--image', 'busybox', ...more);
const specOf = (name: string): JsonObject => JSON.parse(ok('get', name, '-o', 'json')).spec;

let client: ApiClient;
/** What the controllers write, here without them. */
const report = async (name: string, status: JsonObject) => {
  const task = await client.resource(tasks).get(name, { namespace: 'default' });
  await client.resource(tasks).updateStatus({ ...task, status });
};

before(async () => {
  assert.equal(spawnSync(process.execPath, [join(import.meta.dirname, 'build.ts')], { timeout: 60_000 }).status, 0);
  const started = up('up', '--store', 'memory', '--api-port', '0', '--no-agent', '--no-controllers', '--detach');
  assert.equal(started.status, 0, started.stdout + started.stderr);
  client = apiClient(await loadKubeconfig({ env }), { userAgent: 'test' });
});
after(() => {
  client.close();
  up('down');
  rmSync(data, { recursive: true, force: true });
});

describe('riverctl task', () => {
  it('submits a command with flags of its own, as one Task', () => {
    assert.equal(submit('--name', 'one', '-c', '500m', '--', 'ls', '-la', '--json'), 'task.river.dev/one created\n');
    const { image, command, resources } = specOf('task/one');
    assert.deepEqual([image, command, resources], ['busybox', ['ls', '-la', '--json'], { cpu: '500m' }]);
    assert.match(ok('task', 'list'), /^NAME +PHASE .*\none /);
    assert.match(ok('task', 'status', 'one'), /busybox/);
    assert.match(submit('--', '/bin/Echo'), /^task.river.dev\/echo-[a-z0-9]+ created\n$/);
  });

  it('submits many as a TaskSet, and nothing on a dry run', () => {
    assert.equal(submit('--name', 'many', '--array', '3', '--', 'true'), 'taskset.river.dev/many created\n');
    assert.equal(specOf('taskset/many').count, 3);
    assert.match(submit('--name', 'dry', '--dry-run'), /task.river.dev\/dry created \(server dry run\)/);
    assert.equal(ctl('get', 'task', 'dry').code, 3);
  });

  it('says what is wrong with a command line, and passes on what the server refuses', () => {
    assert.deepEqual([ctl('task', 'submit').code, ctl('task', 'submit', '--image', 'a', 'b').code], [2, 2]);
    assert.match(ctl('task', 'submit', '--image', 'a', 'b').err, /"b" is no flag: the command to run stands after --/);
    const refused = ctl('task', 'submit', '--image', 'a', '--privileged');
    assert.deepEqual([refused.code, /river.dev\/allow-privileged=true/.test(refused.err)], [5, true]);
    assert.match(ctl('task', 'submit', '--image', 'a', '-c', 'many').err, /cpu/);
    assert.match(ctl('task', 'kill', 'pod/x').err, /"pod\/x" is no Task/);
  });

  it('kills, holds and lets go on, Tasks and TaskSets', () => {
    submit('--name', 'held', '--hold');
    assert.equal(ok('task', 'resume', 'held'), 'task/held goes on\n');
    assert.equal(specOf('task/held').suspend, false);
    assert.equal(ok('task', 'pause', 'task/held', 'taskset/many'), 'task/held is held\ntaskset/many is held\n');
    assert.deepEqual([specOf('task/held').suspend, specOf('taskset/many').suspend], [true, true]);
    ok('task', 'kill', 'held');
    assert.equal(specOf('task/held').cancel, true);
    assert.equal(ctl('task', 'kill', 'nobody').code, 3);
  });

  it('answers for an approval in the name of who asks, bound to what was read', async () => {
    submit('--name', 'asked', '--approval');
    assert.match(ctl('task', 'approve', 'asked').err, /has not been looked at by the controllers yet/);
    await report('asked', { phase: 'PendingApproval', specDigest: 'sha256:1' });
    assert.match(ok('task', 'approve', 'asked'), /^task\/asked approved \(approval\/asked-/);
    assert.equal(ctl('task', 'reject', 'asked').code, 2);
    ok('task', 'reject', 'asked', '--reason', 'not today');
    const answers = JSON.parse(ok('get', 'approvals', '-o', 'json')).items.map(({ spec }: { spec: JsonObject }) => spec);
    const { uid } = JSON.parse(ok('get', 'task/asked', '-o', 'json')).metadata;
    const common = { taskName: 'asked', taskUid: uid, specDigest: 'sha256:1', approver: 'admin' };
    const byDecision = (a: JsonObject, b: JsonObject) => String(a.decision).localeCompare(String(b.decision));
    assert.deepEqual(answers.sort(byDecision), [
      { ...common, decision: 'Approved' },
      { ...common, decision: 'Denied', reason: 'not today' },
    ]);
  });

  it('says why something waits, and runs what is over once more', async () => {
    submit('--name', 'stuck', '--', 'sh', '-c', 'exit 3');
    assert.equal(ok('why', 'task/stuck'), 'task/stuck is Pending\nNothing has been said about it yet.\n');
    assert.match(ctl('task', 'retry', 'stuck').err, /is not over/);
    const nodes = [{ name: 'tiger', reason: 'GPUs', message: '2 are missing' }];
    await report('stuck', { phase: 'Pending', waiting: { reason: 'Resources', nodes } });
    assert.match(ok('why', 'task/stuck'), /It waits for: Resources\n\nNODE +KEPT FROM IT BY\ntiger +GPUs +2 are missing\n/);
    await report('stuck', { phase: 'Failed', exitCode: 3 });
    const again = /task.river.dev\/(\S+) created/.exec(ok('task', 'retry', 'stuck'))?.[1] ?? '';
    assert.notEqual(again, 'stuck');
    assert.deepEqual(specOf(`task/${again}`).command, ['sh', '-c', 'exit 3']);
  });

  it('waits for the end, and ends with the exit code of the program', async (context) => {
    const waiting = spawn(process.execPath, [riverctl, 'task', 'submit', '--image', 'b', '--name', 'waited', '--wait'], { env });
    const ended = new Promise((resolve) => waiting.once('exit', resolve));
    let said = '';
    waiting.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const until = async (text: string) => {
      const untilMs = performance.now() + 20_000;
      while (!said.includes(text)) {
        assert.ok(performance.now() < untilMs, `it said: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    context.after(() => waiting.kill());
    await until('waited: Pending');
    await report('waited', { phase: 'Running', node: 'tiger' });
    await report('waited', { phase: 'Failed', exitCode: 42, reason: 'ExitCode' });
    assert.equal(await ended, 42);
    assert.match(said, /waited: Failed: ExitCode\n$/);
    // While all goes well, stderr is the program's.
    assert.doesNotMatch(said, /Running/);
  });
});

describe('riverctl node', () => {
  const nodes = { group: 'river.dev', version: 'v1', plural: 'nodes', namespaced: false } as const;
  const specOfNode = async (name: string) => (await client.resource(nodes).get(name)).spec as JsonObject;

  it('cordons, drains, declares dead and forgets', async () => {
    await client.resource(nodes).create({ apiVersion: 'river.dev/v1', kind: 'Node', metadata: { name: 'tiger' } });
    assert.equal(ok('node', 'cordon', 'tiger'), 'node/tiger cordoned\n');
    assert.equal((await specOfNode('tiger')).unschedulable, true);
    assert.equal(ok('node', 'drain', 'tiger'), 'node/tiger is being emptied\nnode/tiger is empty\n');
    assert.equal((await specOfNode('tiger')).drain, true);
    ok('node', 'uncordon', 'tiger');
    const { unschedulable, drain } = await specOfNode('tiger');
    assert.deepEqual([unschedulable, drain], [false, false]);
    assert.equal(ok('node', 'remove', 'tiger', '--dead'), 'node/tiger is declared dead\n');
    assert.equal((await specOfNode('tiger')).declaredDead, true);
    assert.equal(ok('node', 'remove', 'tiger'), 'node.river.dev/tiger deleted\n');
    assert.equal(ctl('node', 'cordon', 'tiger').code, 3);
  });
});
