import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Placement, Task } from '@river/crds/kinds';
import { keptOutput } from '@river/node-agent';
import { type ApiClient, apiClient, loadKubeconfig } from '@river/runtime';
import { dataDir } from '../../cli/src/up/data-dir.ts';
import { runningGuard } from '../../cli/src/up/start-agent.ts';
import { eventually } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';
import { type RunningDockerd, startDockerd } from './start-dockerd.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'river-whole-'));
const node = hostname().toLowerCase();
const namespace = 'default';
const riverctl = here('../../cli/dist/riverctl.js');
const ref = (plural: string) => ({ group: 'river.dev', version: 'v1', plural, namespaced: true }) as const;

const endOf = async ({ child }: Program): Promise<number | null> => {
  const [code] = await once(child, 'close');
  return code;
};

/** What a person has a minute after `up`: this machine is a node, since a container engine answers. */
describe('the whole of River on one machine', () => {
  let dockerd: RunningDockerd;
  let up: Program;
  let client: ApiClient;
  const env = { ...process.env, KUBECONFIG: dataDir(data).kubeconfig };
  const ctl = async (...args: string[]) => {
    const program = startProgram(process.execPath, [riverctl, ...args], env);
    return { code: await endOf(program), text: program.log() };
  };
  const submit = (...args: string[]) => ctl('task', 'submit', '--image', 'busybox:test', ...args);
  const taskNamed = (name: string) => client.resource<Task>(ref('tasks')).get(name, { namespace });
  const placementOf = async (name: string) => {
    const { status } = await taskNamed(name);
    return client.resource<Placement>(ref('placements')).get(status?.placement ?? '', { namespace });
  };
  const outputOf = async (name: string) => {
    const { metadata } = await placementOf(name);
    const lines = await Array.fromAsync(keptOutput({ dir: join(data, 'node', 'output') }).read(metadata.uid ?? '', {}));
    return lines.map(({ stream, bytes }) => `${stream}: ${bytes.toString().trimEnd()}`);
  };

  before(async () => {
    assert.equal(await endOf(startProgram(process.execPath, [here('../../cli/src/build.ts')])), 0);
    dockerd = await startDockerd();
    const withEngine = { ...process.env, DOCKER_HOST: `unix://${dockerd.socket}` };
    up = startProgram(process.execPath, [here('../../cli/src/up/main.ts'), 'up', '--data', data, '--api-port', '0'], withEngine);
    await eventually(
      'it serves',
      () => up.log(),
      (log) => log.includes('stop: '),
      30_000,
    );
    client = apiClient(await loadKubeconfig({ env, flags: {} }));
    await eventually(
      'the node is ready',
      () => ctl('node', 'list'),
      ({ text }) => text.includes(node) && / True /.test(text),
      40_000,
    );
  });
  after(async () => {
    client?.close();
    await up?.stop();
    await dockerd?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  it('runs a command, keeps what it says, and gives its exit code to who waits', async () => {
    const hello = await submit('--name', 'hello', '--wait', '--', 'echo', 'hello');
    assert.equal(hello.code, 0, hello.text + readFileSync(dataDir(data).agentLog, 'utf8'));
    assert.deepEqual(await outputOf('hello'), ['stdout: hello']);
    const failed = await submit('--name', 'failed', '--wait', '--', 'sh', '-c', 'echo no >&2; exit 42');
    assert.equal(failed.code, 42, failed.text);
    assert.deepEqual(await outputOf('failed'), ['stderr: no']);
    const { status } = await taskNamed('failed');
    assert.deepEqual([status?.phase, status?.exitCode, status?.node, status?.attempts], ['Failed', 42, node, 1]);
  });

  it('tries again what failed, as often as it was told to', async () => {
    const spec = { image: 'busybox:test', command: ['false'], retry: { limit: 2, backoff: { initial: '100ms', max: '200ms' } } };
    const task = { apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name: 'again', namespace }, spec };
    await client.json({ method: 'POST', path: `/apis/river.dev/v1/namespaces/${namespace}/tasks`, body: task });
    const { status } = await eventually(
      'it is over',
      () => taskNamed('again'),
      (seen) => seen.status?.phase === 'Failed',
      40_000,
    );
    assert.deepEqual([status?.attempts, status?.history?.length], [3, 3]);
  });

  it('runs a set, each with its number', async () => {
    const set = await submit('--name', 'many', '--array', '4', '--wait', '--', 'sh', '-c', 'exit $((RIVER_INDEX == 2 ? 7 : 0))');
    assert.equal(set.code, 1, set.text);
    const { status } = JSON.parse((await ctl('get', 'taskset', 'many', '-o', 'json')).text);
    assert.deepEqual([status.succeeded, status.failed, status.failedIndexes], [3, 1, '2']);
  });

  it('pauses, lets go on, and kills', async () => {
    await submit('--name', 'long', '--', 'sleep', '1000');
    const reaches = (phase: string) =>
      eventually(
        `it is ${phase}`,
        () => taskNamed('long'),
        ({ status }) => status?.phase === phase,
        40_000,
      );
    await reaches('Running');
    await ctl('task', 'pause', 'long');
    await reaches('Paused');
    await ctl('task', 'resume', 'long');
    await reaches('Running');
    await ctl('task', 'kill', 'long');
    const { status } = await reaches('Killed');
    assert.equal(status?.node, node);
    assert.equal((await dockerd.docker('ps', '-q', '--filter', 'label=river.dev/placement-uid')).trim(), '');
  });

  it('ends with everything that it has started, also a guard that was started in the place of a dead one', async () => {
    const guard = () => JSON.parse(readFileSync(join(dataDir(data).node, 'run/guard.json'), 'utf8')).pid as number;
    const first = guard();
    process.kill(first, 'SIGKILL');
    await eventually('its agent starts another', guard, (pid) => pid !== first, 20_000);
    assert.ok(runningGuard(dataDir(data)));
    await up.stop();
    assert.equal(runningGuard(dataDir(data)), undefined);
    assert.equal((await dockerd.docker('ps', '-q')).trim(), '', 'nor a network that nobody uses');
  });
});
