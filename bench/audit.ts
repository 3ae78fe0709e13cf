import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedLoop, percentile, round } from './api/measure.ts';
import { connections, type RunningServer, startServer } from './api/processes.ts';
import { collection, namespace, widget, widgetDefinition } from './api/widget.ts';
import type { Connection } from './api/wire.ts';

const budgetRatio = 0.9;

interface Side {
  name: 'off' | 'on';
  server: RunningServer;
  writers: Connection[];
}

async function startSide(dir: string, name: Side['name']): Promise<Side> {
  const here = join(dir, name);
  const server = await startServer(
    here,
    `sqlite:${join(here, 'river.db')}`,
    name === 'on' ? { flags: { 'audit-dir': join(here, 'audit') } } : {},
  );
  const writers = await connections(server.target, 32);
  const post = async (path: string, body: object) => {
    const answer = await writers[0]!.send({ method: 'POST', path, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  };
  await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition);
  for (let status = 404; status !== 200; ) ({ status } = await writers[0]!.send({ method: 'GET', path: collection }));
  return { name, server, writers };
}

let made = 0;
async function create(writer: Connection): Promise<void> {
  const at = made++;
  const { status, body } = await writer.send({ method: 'POST', path: collection, body: JSON.stringify(widget(`w-${at}`, at)) });
  if (status !== 201) throw new Error(`create: ${status} ${body}`);
}

/** Rounds of creates on both sides in turn, so that what else the machine does meets both alike. */
async function compare(sides: readonly Side[], inFlight: number, count: number, rounds: number) {
  const perSecond: Record<Side['name'], number[]> = { off: [], on: [] };
  const p50Ms: Record<Side['name'], number[]> = { off: [], on: [] };
  const cpuMs: Record<Side['name'], number> = { off: 0, on: 0 };
  for (let round = 0; round < rounds; round++)
    for (const { name, writers, server } of round % 2 === 0 ? sides : sides.toReversed()) {
      const before = server.cpuMs();
      const figures = await closedLoop(writers.slice(0, inFlight), count, create);
      perSecond[name].push(figures.perSecond);
      p50Ms[name].push(figures.p50Ms);
      cpuMs[name] += server.cpuMs() - before;
    }
  const ratios = perSecond.on.map((on, at) => on / (perSecond.off[at] ?? Number.NaN));
  return {
    offPerSecond: round(percentile(perSecond.off, 50)),
    onPerSecond: round(percentile(perSecond.on, 50)),
    ratio: round(percentile(ratios, 50)),
    offP50Ms: round(percentile(p50Ms.off, 50)),
    onP50Ms: round(percentile(p50Ms.on, 50)),
    offCpuUs: round((cpuMs.off / rounds / count) * 1_000),
    onCpuUs: round((cpuMs.on / rounds / count) * 1_000),
  };
}

/** `./river bench audit`: creates on a server that keeps an audit log beside one that keeps none, both on SQLite. Exits 1 when the budget does not hold. */
export async function benchAudit(args: string[]): Promise<number> {
  const isQuick = args.includes('--quick');
  const dir = mkdtempSync(join(tmpdir(), 'river-bench-'));
  const sides: Side[] = [];
  try {
    sides.push(await startSide(dir, 'off'), await startSide(dir, 'on'));
    await compare(sides, 32, 1_000, 2);
    const inFlight32 = await compare(sides, 32, 500, isQuick ? 10 : 41);
    const oneAtATime = await compare(sides, 1, 100, isQuick ? 10 : 41);
    const peakMiB = Object.fromEntries(sides.map(({ name, server }) => [name, server.memory().peakMiB]));
    const isHeld = inFlight32.ratio >= budgetRatio && oneAtATime.ratio >= budgetRatio;
    process.stdout.write(`${JSON.stringify({ budgetRatio, isHeld, inFlight32, oneAtATime, peakMiB }, null, 2)}\n`);
    return isHeld ? 0 : 1;
  } finally {
    for (const { server, writers } of sides) {
      for (const writer of writers) writer.close();
      await server.stop();
    }
    rmSync(dir, { recursive: true, force: true });
  }
}
