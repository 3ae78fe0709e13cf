import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { KubeObject } from '@river/crds';
import { Placement, type ResourceDef, Task, TaskSet } from '@river/crds/kinds';
import { type ApiClient, apiClient, loadKubeconfig, type ResourceRef } from '@river/runtime';
import { dataDir } from '../cli/src/up/data-dir.ts';
import { observeStatus } from '../cli/src/up/run-status.ts';
import { startFleet } from '../e2e/fleet/start-fleet.ts';
import { eventually } from '../e2e/server/eventually.ts';
import { startProgram } from '../e2e/server/program.ts';
import { percentile, round } from './api/measure.ts';

const usage = `bench scale [--nodes N] [--tasks N] [--set N] [--parallelism N] [--quick]
River as \`up\` runs it (SQLite, audit, policies), with nodes that have everything but a machine: the real agent's loop, its watch and its
lease, each as itself. How many Tasks a second are accepted, bound and done through the API; what a set of many takes, and its cancel.
`;
const namespace = 'default';
const inFlight = 32;
const hourMs = 3_600_000;
const main = fileURLToPath(new URL('../cli/src/up/main.ts', import.meta.url));
const refOf = ({ group, version, plural, kind, scope }: ResourceDef): ResourceRef => ({
  ...{ group, version, plural, kind },
  namespaced: scope === 'Namespaced',
});

/** Prints one JSON document. */
export async function benchScale(args: string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: { nodes: text, tasks: text, set: text, parallelism: text, quick: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const number = (value: string | undefined, usual: number, quick: number) => Number(value ?? (values.quick ? quick : usual));
  const sizes = {
    nodes: number(values.nodes, 1_000, 100),
    tasks: number(values.tasks, 10_000, 500),
    set: number(values.set, 100_000, 1_000),
    parallelism: number(values.parallelism, 2_000, 200),
  };
  const data = mkdtempSync(join(tmpdir(), 'river-scale-'));
  const { kubeconfig } = dataDir(data);
  const up = startProgram(process.execPath, [main, 'up', '--data', data, '--api-port', '0', '--no-agent']);
  await eventually(
    'it serves',
    () => up.log(),
    (log) => log.includes('stop: '),
    60_000,
  );
  const fleet = await startFleet(kubeconfig, sizes.nodes, { allocatable: { cpu: '64', memory: '256Gi' } });
  const client = apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig } }), { timeoutMs: 120_000 });
  try {
    const idle = await memoryOf(data, fleet.pid);
    const tasks = await manyTasks(client, sizes.tasks);
    const set = await oneSet(client, sizes.set, sizes.parallelism);
    const cancel = await cancelledSet(client, sizes.set, sizes.parallelism);
    const peak = await memoryOf(data, fleet.pid);
    process.stdout.write(`${JSON.stringify({ sizes, idle, tasks, set, cancel, peak }, null, 2)}\n`);
    return 0;
  } finally {
    client.close();
    await fleet.stop();
    await up.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

async function memoryOf(data: string, fleet: number) {
  const { processes } = await observeStatus(dataDir(data));
  const of = (pid: number | undefined) => {
    if (pid === undefined) return undefined;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (name: string) => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024);
    return { rssMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
  };
  return { ...Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, of(pid)])), fleet: of(fleet) };
}

const template = (runMs: number | undefined) => ({
  ...{ image: 'busybox', resources: { cpu: '1', memory: '1Gi' } },
  ...(runMs !== undefined && { env: [{ name: 'RUN_MS', value: String(runMs) }] }),
});

/** Tasks that run for a second, made as fast as they are accepted. */
async function manyTasks(client: ApiClient, count: number) {
  const tasks = client.resource<KubeObject>(refOf(Task));
  const seen = followPlacements(client);
  await seen.opened;
  const startMs = performance.now();
  const acceptMs: number[] = [];
  const rest = Array.from({ length: count }, (_, at) => at).values();
  const lane = async () => {
    for (const at of rest) {
      const draft = { apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name: `t${at}`, namespace }, spec: template(1_000) };
      const sentMs = performance.now();
      await tasks.create(draft as unknown as KubeObject, { namespace });
      acceptMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const acceptedMs = performance.now() - startMs;
  await eventually(
    'all are done',
    () => seen.over.size,
    (size) => size >= count,
    hourMs,
  );
  const doneMs = performance.now() - startMs;
  seen.stop();
  const bound = [...seen.boundMs.values()].sort((a, b) => a - b);
  const waits = [...seen.boundMs].map(([name, ms]) => ms - (seen.madeMs.get(name) ?? ms)).sort((a, b) => a - b);
  return {
    acceptedPerSecond: round((count / acceptedMs) * 1000),
    acceptP99Ms: round(
      percentile(
        acceptMs.sort((a, b) => a - b),
        0.99,
      ),
    ),
    boundPerSecond: round((bound.length / ((bound.at(-1) ?? 0) - (bound[0] ?? 0))) * 1000),
    boundAfterMs: { p50: round(percentile(waits, 0.5)), p99: round(percentile(waits, 0.99)) },
    donePerSecond: round((count / doneMs) * 1000),
  };
}

/** When each Placement was made, bound and over, as a watcher sees it. */
function followPlacements(client: ApiClient) {
  const placements = client.resource<Placement>(refOf(Placement));
  const stop = new AbortController();
  const madeMs = new Map<string, number>();
  const boundMs = new Map<string, number>();
  const over = new Set<string>();
  const follow = async (from: string) => {
    for await (const { type, object } of placements.watch({ resourceVersion: from, signal: stop.signal })) {
      if (type !== 'ADDED' && type !== 'MODIFIED') continue;
      const { name } = object.metadata;
      if (!madeMs.has(name)) madeMs.set(name, performance.now());
      if (object.spec.nodeName !== undefined && !boundMs.has(name)) boundMs.set(name, performance.now());
      if (object.status?.conditions?.some((each) => each.type === 'Finished' && each.status === 'True')) over.add(name);
    }
  };
  const opened = placements.list({ limit: 1 }).then(({ resourceVersion }) => {
    void follow(resourceVersion).catch((error) => {
      if (!stop.signal.aborted) throw error;
    });
  });
  return { madeMs, boundMs, over, opened, stop: () => stop.abort() };
}

const phaseOf = (set: KubeObject) => (set.status as { phase?: string } | undefined)?.phase;
const isOver = (set: KubeObject) => ['Succeeded', 'Failed', 'Killed'].includes(phaseOf(set) ?? '');

async function makeSet(client: ApiClient, name: string, count: number, parallelism: number, runMs: number | undefined) {
  const sets = client.resource<KubeObject>(refOf(TaskSet));
  const spec = { count, parallelism, template: { spec: template(runMs) } };
  const startMs = performance.now();
  await sets.create({ apiVersion: 'river.dev/v1', kind: 'TaskSet', metadata: { name, namespace }, spec } as unknown as KubeObject, {
    namespace,
  });
  return { sets, startMs, acceptedMs: round(performance.now() - startMs) };
}

async function oneSet(client: ApiClient, count: number, parallelism: number) {
  const { sets, startMs, acceptedMs } = await makeSet(client, 'many', count, parallelism, 100);
  const look = () => sets.get('many', { namespace });
  const over = await eventually('the set is over', look, isOver, 3 * hourMs);
  const tookMs = performance.now() - startMs;
  return { acceptedMs, phase: phaseOf(over), tookS: round(tookMs / 1000), perSecond: round((count / tookMs) * 1000) };
}

/** From the wish to the last program's end, with as many running as may. */
async function cancelledSet(client: ApiClient, count: number, parallelism: number) {
  const { sets, acceptedMs } = await makeSet(client, 'stopped', count, parallelism, undefined);
  const look = () => sets.get('stopped', { namespace });
  const placements = client.resource<Placement>(refOf(Placement));
  const running = async () =>
    (await placements.list({ namespace })).items.filter(
      ({ status, spec }) => status?.phase === 'Running' && spec.owner.name.startsWith('stopped'),
    ).length;
  const most = Math.min(count, parallelism);
  await eventually('all run that may', running, (seen) => seen >= most, hourMs);
  const startMs = performance.now();
  await sets.patch('stopped', { spec: { cancel: true } }, { type: 'merge', namespace });
  const over = await eventually('it is over', look, isOver, hourMs);
  return { acceptedMs, running: most, phase: phaseOf(over), tookMs: round(performance.now() - startMs) };
}
