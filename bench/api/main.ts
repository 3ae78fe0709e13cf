import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Budget, judge } from './budgets.ts';
import { etcdFloor, type FloorFigures, sqliteFloor } from './floor.ts';
import { startEtcd, startServer } from './processes.ts';
import { type Figures, measureServer, type Pace } from './scenario.ts';

interface StoreReport {
  floor: FloorFigures;
  server: Figures;
  /** Of etcd beside the server, in MiB. */
  etcdPeakMiB?: number;
}

const usage = `bench api [--quick] [--store sqlite|etcd|memory]...
The API server over TLS with one client process: creates, lists, watches, apply, memory, beside the bare store in the same run.
`;

/** Measures the API server and prints one JSON document; exits 1 when a budget does not hold. */
export async function benchApi(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: 'boolean' }, store: { type: 'string', multiple: true }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const isQuick = values.quick ?? false;
  const stores: Record<string, StoreReport> = {};
  const budgets: Budget[] = [];
  for (const store of values.store ?? (isQuick ? ['sqlite'] : ['sqlite', 'etcd'])) {
    const log = (line: string) => process.stderr.write(`${store}: ${line}\n`);
    const report = await inFolder((dir) => measureStore(dir, store, { isQuick, log }));
    stores[store] = report;
    budgets.push(...judge(store, report.server));
  }
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? '' };
  process.stdout.write(`${JSON.stringify({ machine, isQuick, stores, budgets }, null, 2)}\n`);
  return budgets.every((budget) => budget.ok) ? 0 : 1;
}

async function measureStore(dir: string, store: string, pace: Pace): Promise<StoreReport> {
  const count = pace.isQuick ? 1_000 : 4_000;
  if (store === 'etcd') {
    const etcd = await startEtcd(dir);
    try {
      const floor = await etcdFloor(etcd.endpoint, count);
      const server = await measureWith(dir, `etcd://${etcd.endpoint}`, pace);
      return { floor, server, etcdPeakMiB: etcd.memory().peakMiB };
    } finally {
      await etcd.stop();
    }
  }
  const floor = store === 'sqlite' ? await sqliteFloor(dir, count) : {};
  return { floor, server: await measureWith(dir, store === 'sqlite' ? `sqlite:${join(dir, 'river.db')}` : store, pace) };
}

async function measureWith(dir: string, store: string, pace: Pace): Promise<Figures> {
  const server = await startServer(dir, store);
  try {
    return await measureServer(server, pace);
  } finally {
    await server.stop();
  }
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'river-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
