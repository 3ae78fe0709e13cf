import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dataDir } from './data-dir.ts';
import { identify, isAlive } from './process-identity.ts';
import { observeStatus } from './run-status.ts';
import { takeUpLock } from './up-lock.ts';
import { readUpState, writeUpState } from './up-state.ts';
import { waitUntil } from './wait-until.ts';

const entry = fileURLToPath(new URL('./testing/main-with-stand-in.ts', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'river-up-'));
const roots: string[] = [];
const freshRoot = () => {
  roots.push(join(root, `data-${roots.length}`));
  return roots.at(-1) as string;
};

interface Run {
  child: ChildProcess;
  out: () => string;
  ended: Promise<number | null>;
}

const run = (...args: string[]): Run => {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  return { child, out: () => text, ended: new Promise((resolve) => child.once('close', resolve)) };
};

const finish = async (...args: string[]) => {
  const { ended, out } = run(...args);
  return { code: await ended, out: out() };
};

/** `up` in the foreground, serving. */
const serving = async (data: string, ...args: string[]) => {
  const up = run('up', '--data', data, '--api-port', '0', ...args);
  await waitUntil(() => (up.out().includes('stop: ') || up.child.exitCode !== null ? true : undefined), 30_000);
  assert.match(up.out(), /River serves https:/);
  const state = readUpState(dataDir(data).state);
  assert.ok(state?.server);
  return { ...up, state, server: state.server };
};

after(async () => {
  await Promise.all(roots.filter((data) => existsSync(data)).map((data) => finish('down', '--data', data)));
  rmSync(root, { recursive: true, force: true });
});

describe('up', () => {
  it('serves until Ctrl-C, and leaves no process and no state behind', async () => {
    const data = freshRoot();
    const up = await serving(data);
    assert.equal((await observeStatus(dataDir(data))).ready, true);
    up.child.kill('SIGINT');
    assert.equal(await up.ended, 0);
    assert.equal(isAlive(up.server), false);
    assert.equal(readUpState(dataDir(data).state), undefined);
  });

  it('keeps the admin token in the kubeconfig only, readable by its owner only', async () => {
    const data = freshRoot();
    const up = await serving(data);
    const dir = dataDir(data);
    const token: string = JSON.parse(readFileSync(dir.kubeconfig, 'utf8')).users[0].user.token;
    assert.equal(Buffer.from(token, 'base64url').length, 32);
    assert.equal(readFileSync(dir.tokenFile, 'utf8').includes(token), false);
    for (const file of [dir.kubeconfig, dir.tokenFile]) assert.equal(statSync(file).mode & 0o777, 0o600);
    up.child.kill('SIGTERM');
    await up.ended;
    const again = await serving(data);
    assert.equal(JSON.parse(readFileSync(dir.kubeconfig, 'utf8')).users[0].user.token, token);
    again.child.kill('SIGTERM');
    await again.ended;
  });

  it('is fine when asked for twice, and says no when asked for something else', async () => {
    const data = freshRoot();
    const up = await serving(data, '--store', 'memory');
    const same = await finish('up', '--data', data);
    assert.equal(same.code, 0);
    assert.match(same.out, /already runs/);
    const other = await finish('up', '--data', data, '--store', 'sqlite');
    assert.equal(other.code, 1);
    assert.match(other.out, /already runs .* with --store memory/);
    up.child.kill('SIGTERM');
    await up.ended;
  });

  it('starts one server when two are started at the same moment', async () => {
    const data = freshRoot();
    const both = await Promise.all([0, 1].map(() => finish('up', '--data', data, '--api-port', '0', '--detach')));
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    );
    assert.equal(both.filter(({ out }) => out.includes('already runs')).length, 1);
    assert.equal((await finish('down', '--data', data)).code, 0);
  });

  it('puts things in order after its predecessor was killed: the orphan ends, a new server serves', async () => {
    const data = freshRoot();
    const killed = await serving(data);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const next = await serving(data);
    assert.equal(isAlive(killed.server), false);
    assert.notEqual(next.server.pid, killed.server.pid);
    next.child.kill('SIGTERM');
    assert.equal(await next.ended, 0);
  });

  it('ends with the log when the server dies', async () => {
    const data = freshRoot();
    const up = await serving(data);
    process.kill(up.server.pid, 'SIGKILL');
    assert.equal(await up.ended, 1);
    assert.match(up.out(), /the API server ended by SIGKILL.*\n.*serving with sqlite:/);
  });

  it('shows why the server did not start', async () => {
    const failed = await finish('up', '--data', freshRoot(), '--api-port', '0', '--store', 'etcd://broken:1');
    assert.equal(failed.code, 1);
    assert.match(failed.out, /exit code 4/);
    assert.match(failed.out, /etcd does not answer/);
  });

  it('names the port that is taken, detached too', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const failed = await finish('up', '--data', freshRoot(), '--api-port', String(port), '--detach');
    assert.equal(failed.code, 1);
    assert.match(failed.out, new RegExp(`port ${port} on 127.0.0.1 is in use.*--api-port`));
    taken.close();
  });

  it('serves on when who reads what it says has seen enough', async () => {
    const data = freshRoot();
    const up = run('up', '--data', data, '--api-port', '0', '--detach');
    up.child.stdout?.destroy();
    up.child.stderr?.destroy();
    assert.equal(await new Promise((resolve) => up.child.once('exit', resolve)), 0);
    assert.equal((await observeStatus(dataDir(data))).ready, true);
  });

  it('says in one line which data folder it cannot make', async () => {
    for (const data of [join(entry, 'x'), ...(process.platform === 'linux' ? ['/proc/river'] : [])]) {
      for (const args of [['up'], ['up', '--detach']]) {
        const { code, out } = await finish(...args, '--data', data);
        assert.equal(code, 1);
        assert.match(out, /^river: the data folder .* cannot be made: .*--data\n$/);
      }
    }
  });

  it('refuses what it does not understand with exit code 2', async () => {
    for (const args of [['--store', 'mysql'], ['--api-port', 'x'], ['--bind', 'nowhere'], ['--wat']]) {
      assert.equal((await finish('up', '--data', freshRoot(), ...args)).code, 2);
    }
  });
});

describe('down', () => {
  it('stops a detached control plane, and is fine when nothing runs', async () => {
    const data = freshRoot();
    await finish('up', '--data', data, '--api-port', '0', '--detach');
    const server = readUpState(dataDir(data).state)?.server;
    assert.ok(server && isAlive(server));
    assert.match((await finish('down', '--data', data)).out, /^stopped/);
    assert.equal(isAlive(server), false);
    assert.match((await finish('down', '--data', data)).out, /nothing runs/);
  });

  it('stops the server that a killed `up` left behind', async () => {
    const data = freshRoot();
    const killed = await serving(data);
    killed.child.kill('SIGKILL');
    await killed.ended;
    assert.match((await finish('down', '--data', data)).out, /an earlier `up` left behind/);
    assert.equal(isAlive(killed.server), false);
  });

  it('never signals a process that merely has the pid of one that ran', async () => {
    const data = freshRoot();
    await finish('down', '--data', data);
    const dir = dataDir(data);
    const foreign = spawn('sleep', ['60']);
    const who = identify(foreign.pid as number);
    assert.ok(who);
    const stale = { pid: who.pid, start: 'another boot:1' };
    writeUpState(dir.state, { up: stale, server: stale, store: 'memory', bind: '127.0.0.1', apiPort: 0, startedAt: '' });
    assert.equal((await finish('down', '--data', data)).code, 0);
    assert.equal(isAlive(who), true);
    foreign.kill();
  });
});

describe('takeUpLock', () => {
  it('is held by one at a time and free again after release', () => {
    const path = join(freshRoot(), 'up.lock');
    const first = takeUpLock(path);
    assert.ok(first);
    assert.equal(takeUpLock(path), undefined);
    first.release();
    const second = takeUpLock(path);
    assert.ok(second);
    second.release();
  });
});
