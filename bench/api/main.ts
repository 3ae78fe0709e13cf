import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Budget, judge } from './budgets.ts';
import { etcdFloor, type FloorFigures, sqliteFloor } from './floor.ts';
import { connections, personOf, policies, type RunningServer, startEtcd, startServer } from './processes.ts';
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

const token = 'the-token-of-the-bench';

/** As `up` starts it: policies and the audit log on, and by somebody whose rights are looked up. */
async function measureWith(dir: string, store: string, pace: Pace): Promise<Figures> {
  const people = [personOf(token, 'bench', 'staff', 'benchers')];
  const server = await startServer(dir, store, { people, flags: { policies, 'audit-dir': join(dir, 'audit') } });
  try {
    await letIn(server);
    return await measureServer({ ...server, target: { ...server.target, token } }, pace);
  } finally {
    await server.stop();
  }
}

async function letIn({ target }: RunningServer): Promise<void> {
  const [admin] = await connections(target, 1);
  const group = 'rbac.authorization.k8s.io';
  const binding = {
    metadata: { name: 'bench' },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'admin' },
    subjects: [{ apiGroup: group, kind: 'Group', name: 'benchers' }],
  };
  const made = await admin?.send({ method: 'POST', path: `/apis/${group}/v1/clusterrolebindings`, body: JSON.stringify(binding) });
  if (made?.status !== 201) throw new Error(`the bench could not be let in: ${made?.status} ${made?.body}`);
  admin?.close();
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'river-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
