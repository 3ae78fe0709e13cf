import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Task } from '@river/crds/kinds';
import { apiClient, loadKubeconfig } from '@river/runtime';
import { dataDir } from '../../cli/src/up/data-dir.ts';
import { observeStatus } from '../../cli/src/up/run-status.ts';
import { eventually } from '../server/eventually.ts';
import { startProgram } from '../server/program.ts';

const main = fileURLToPath(new URL('../../cli/src/up/main.ts', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'river-up-'));
const dir = dataDir(data);
after(() => rmSync(data, { recursive: true, force: true }));

const up = (...args: string[]) =>
  startProgram(process.execPath, [main, 'up', '--data', data, '--api-port', '0', '--no-agent', '--store', 'memory', ...args]);
const isAlive = (pid: number | undefined): boolean => {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
};
const pids = async () => (await observeStatus(dir)).processes;

it('starts the controllers beside the API server, again when they are killed, and ends them with it', async () => {
  const running = up();
  const first = await eventually('the controllers run', pids, ({ controllers }) => controllers !== undefined, 30_000);
  const kubeconfig = { env: {}, flags: { kubeconfig: dir.kubeconfig } };
  const client = apiClient(await loadKubeconfig(kubeconfig));
  const tasks = client.resource<Task>({ group: 'river.dev', version: 'v1', plural: 'tasks', namespaced: true, kind: 'Task' });
  const submit = (name: string) =>
    client.json({
      method: 'POST',
      path: '/apis/river.dev/v1/namespaces/default/tasks',
      body: { apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name }, spec: { image: 'busybox' } },
    });
  const isSeen = (name: string) =>
    eventually(
      `${name} has an attempt`,
      () => tasks.get(name, { namespace: 'default' }),
      ({ status }) => status?.attempts === 1,
      20_000,
    );
  await submit('before');
  await isSeen('before');
  process.kill(first.controllers as number, 'SIGKILL');
  await submit('after');
  await isSeen('after');
  const second = await pids();
  assert.notEqual(second.controllers, first.controllers);
  assert.equal(statSync(dir.controllersKubeconfig).mode & 0o777, 0o600);
  const token: string = JSON.parse(readFileSync(dir.controllersKubeconfig, 'utf8')).users[0].user.token;
  assert.equal(
    [dir.tokenFile, dir.state, dir.controllersLog, dir.serverLog].some((file) => readFileSync(file, 'utf8').includes(token)),
    false,
  );
  client.close();
  await running.stop();
  assert.deepEqual([isAlive(second.controllers), isAlive(second.apiserver)], [false, false]);
});

it('leaves them out where that is asked for', async () => {
  const running = up('--no-controllers');
  await eventually(
    'it serves',
    () => running.log(),
    (log) => log.includes('stop: '),
    30_000,
  );
  assert.equal((await pids()).controllers, undefined);
  await running.stop();
});
