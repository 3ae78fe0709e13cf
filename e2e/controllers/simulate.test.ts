import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ApiClient, apiClient, loadKubeconfig } from '@river/runtime';
import { dataDir } from '../../cli/src/up/data-dir.ts';
import { startFleet } from '../fleet/start-fleet.ts';
import { eventually } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';
import { dice, fleetStatus, playChanges } from './play-changes.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'river-simulate-'));
const { kubeconfig } = dataDir(data);
let running: Program;
let fleet: Program;
let client: ApiClient;

before(async () => {
  const flags = ['--data', data, '--api-port', '0', '--no-agent', '--store', 'memory'];
  running = startProgram(process.execPath, [here('../../cli/src/up/main.ts'), 'up', ...flags]);
  await eventually(
    'it serves',
    () => running.log(),
    (log) => log.includes('stop: '),
    30_000,
  );
  fleet = await startFleet(kubeconfig, 6, fleetStatus);
  client = apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig } }));
});
after(async () => {
  client.close();
  await fleet.stop();
  await running.stop();
  rmSync(data, { recursive: true, force: true });
});

const riverctl = (args: string[], input = '', config = kubeconfig) => {
  const program = [here('../../cli/dist/riverctl.js'), ...args, '--kubeconfig', config];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8', input, timeout: 60_000 });
  return { code: status, out: stdout, err: stderr };
};

it('foretells what comes of random changes', async (context) => {
  const seed = Number(process.env.RIVER_SEED ?? 1);
  const { changes, wrong } = await playChanges(client, Number(process.env.RIVER_CHANGES ?? 40), dice(seed));
  context.diagnostic(`seed ${seed}: ${changes - wrong.length} of ${changes} changes came as they were foretold`);
  assert.ok(wrong.length <= changes / 100, JSON.stringify(wrong.slice(0, 3), null, 2));
});

it('says it in words, changes nothing, and says what it cannot do', async () => {
  assert.equal(spawnSync(process.execPath, [here('../../cli/src/build.ts')], { timeout: 60_000 }).status, 0);
  const task = 'apiVersion: river.dev/v1\nkind: Task\nmetadata: {name: asked}\nspec: {image: busybox, resources: {cpu: 17}}\n';
  const other = '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\n';
  const asked = riverctl(['simulate', '-f', '-'], task + other);
  assert.match(asked.out, /^waits +task\/asked +Resources: None of 6 nodes /);
  assert.match(asked.err, /ConfigMap odd has no bearing/);
  assert.equal(asked.code, 0);
  assert.equal(riverctl(['get', 'task/asked']).code, 3, 'it was not made');

  const set = 'apiVersion: river.dev/v1\nkind: TaskSet\nmetadata: {name: many, namespace: fresh}\n';
  const spec = 'spec: {count: 9, parallelism: 4, template: {spec: {image: busybox, resources: {cpu: 17}}}}\n';
  const home = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: fresh}\n---\n';
  assert.match(riverctl(['simulate', '-f', '-'], home + set + spec).out, /^waits +taskset\/many in fresh \(4 Tasks\) +Resources/);
  assert.match(riverctl(['simulate', '-f', '-'], set + spec).err, /namespace/, 'a namespace that nobody makes');

  assert.match(riverctl(['simulate', '--delete', 'node/none']).err, /nodes.river.dev "none" not found/);
  assert.equal(riverctl(['simulate']).code, 2);
  assert.equal(riverctl(['simulate', '--delete', 'f0000']).code, 2);

  const bob = join(data, 'bob.kubeconfig');
  writeFileSync(bob, readFileSync(kubeconfig, 'utf8').replace('"token":', '"as": "bob", "token":'));
  const refused = riverctl(['simulate', '--delete', 'ns/default'], '', bob);
  assert.deepEqual([refused.code === 0, /bob/.test(refused.err)], [false, true], refused.err);
});

it('shows how much of each node is given away, and to what', async () => {
  const task =
    'apiVersion: river.dev/v1\nkind: Task\nmetadata: {name: eater}\nspec: {image: busybox, priority: 900, resources: {cpu: 2, memory: 3Gi, gpus: {count: 4}}}\n';
  assert.equal(riverctl(['apply', '-f', '-'], task).code, 0);
  const shown = await eventually(
    'it is placed',
    () => riverctl(['top', 'placements']).out,
    (out) => /task\/eater/.test(out),
    30_000,
  );
  const [, node = ''] = /^task\/eater +(f\d+) +\w+ +2 +3Gi +4$/m.exec(shown) ?? [];
  const nodes = riverctl(['top', 'nodes']).out;
  assert.match(nodes, /^NAME +READY +CPU +MEMORY +GPUS +PLACEMENTS$/m);
  assert.match(nodes, new RegExp(`^${node} +True +[0-9.]+/16 \\(\\d+%\\) +[0-9.]+Gi/64Gi \\(\\d+%\\) +4/4 \\(100%\\) +\\d+$`, 'm'), nodes);
  assert.match(riverctl(['top', 'placements', '-A', '--node', node]).out, /^default +task\/eater /m);
});
