import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Budget } from './api/budgets.ts';
import { eventually, percentile, round } from './api/measure.ts';
import { type RunningServer, startServer } from './api/processes.ts';
import { collection, namespace, widget, widgetDefinition } from './api/widget.ts';
import { type Connection, connection } from './api/wire.ts';

const cli = join(import.meta.dirname, '../cli');
/** 60 ms where `node -e 0` takes 25: a machine in a slow hour is slow for both. */
const startBudget = 60 / 25;

const usage = `bench riverctl [--quick]
Each riverctl command against a server in memory: time to its first byte and to its end, with the compile cache cold and warm,
beside \`node -e 0\` and the same command of kubectl.
`;

interface Run {
  firstByteMs: number;
  totalMs: number;
  exitCode: number | null;
}

interface CommandFigures {
  /** Medians. */
  cold: Run;
  warm: Run;
  kubectl?: Run;
}

const commands = (file: string): Record<string, string[]> => ({
  help: ['help'],
  version: ['version'],
  'api-resources': ['api-resources'],
  get: ['get', 'widgets'],
  describe: ['describe', 'widget', 'widget-0'],
  explain: ['explain', 'widgets.spec'],
  events: ['events'],
  apply: ['apply', '-f', file],
  diff: ['diff', '-f', file],
  wait: ['wait', 'widget/widget-0', '--for=jsonpath={.spec.low}=1'],
  edit: ['edit', 'widget', 'widget-0'],
  delete: ['delete', 'widget', 'absent', '--ignore-not-found'],
});

/** Prints one JSON document; exits 1 when a command starts too slowly or fails. */
export async function benchRiverctl(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { quick: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (!existsSync(join(cli, 'dist/riverctl.js'))) throw new Error('riverctl is not built: run ./river ctl help once');
  const dir = mkdtempSync(join(tmpdir(), 'river-bench-'));
  const server = await startServer(dir, 'memory');
  try {
    const file = await prepare(dir, server);
    const report = await measure(dir, file, values.quick ? 5 : 15);
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return report.budgets.every((budget) => budget.ok) ? 0 : 1;
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A hundred objects to look at, a file to apply, a kubeconfig, and a copy of the bundle whose compile cache may be thrown away. */
async function prepare(dir: string, server: RunningServer): Promise<string> {
  const writer = await connection(server.target);
  const post = (path: string, body: unknown) => writer.send({ method: 'POST', path, body: JSON.stringify(body) });
  await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition);
  await isServed(writer);
  for (let at = 0; at < 100; at++) await post(collection, widget(`widget-${at}`, at));
  writer.close();
  const { host, port, ca, token } = server.target;
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    clusters: [
      { name: 'bench', cluster: { server: `https://${host}:${port}`, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: 'bench', user: { token } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench', namespace } }],
  };
  writeFileSync(join(dir, 'kubeconfig'), JSON.stringify(kubeconfig), { mode: 0o600 });
  mkdirSync(join(dir, 'cli'));
  cpSync(join(cli, 'dist'), join(dir, 'cli/dist'), { recursive: true });
  cpSync(join(cli, 'package.json'), join(dir, 'cli/package.json'));
  const file = join(dir, 'widget.json');
  writeFileSync(file, JSON.stringify(widget('widget-1', 1)));
  return file;
}

async function isServed(from: Connection): Promise<void> {
  if (!(await eventually(async () => (await from.send({ method: 'GET', path: collection })).status === 200, 10_000)))
    throw new Error('widgets are not served');
}

async function measure(dir: string, file: string, rounds: number) {
  // With more certificate authorities to read Node's TLS takes 20 ms longer, whatever program it runs.
  const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
  const env = { ...inherited, KUBECONFIG: join(dir, 'kubeconfig'), EDITOR: 'true', KUBE_EDITOR: 'true' };
  const bundle = join(dir, 'cli/dist/riverctl.js');
  const hasKubectl = (await run('kubectl', ['version', '--client'], env)).exitCode === 0;
  const figures: Record<string, CommandFigures> = {};
  const node: Run[] = [];
  for (const [name, args] of Object.entries(commands(file))) {
    const [cold, warm, kubectl]: [Run[], Run[], Run[]] = [[], [], []];
    for (let at = 0; at < rounds; at++) {
      rmSync(join(dir, '.cache'), { recursive: true, force: true });
      node.push(await run(process.execPath, ['-e', '0'], env));
      cold.push(await run(process.execPath, [bundle, ...args], env));
      warm.push(await run(process.execPath, [bundle, ...args], env));
      if (hasKubectl) kubectl.push(await run('kubectl', args, env));
    }
    figures[name] = { cold: median(cold), warm: median(warm), ...(hasKubectl && { kubectl: median(kubectl) }) };
    process.stderr.write(`${name}: ${JSON.stringify(figures[name])}\n`);
  }
  const nodeMs = median(node).totalMs;
  return { rounds, nodeMs, commands: figures, budgets: judge(nodeMs, figures) };
}

function judge(nodeMs: number, figures: Record<string, CommandFigures>): Budget[] {
  const starts = Object.entries(figures).map(([name, { warm }]) => {
    const value = round((warm.firstByteMs - nodeMs) / nodeMs);
    return {
      name: `${name}: first byte over node -e 0, in times of that`,
      value,
      budget: `<= ${startBudget}`,
      ok: value <= startBudget && warm.exitCode === 0,
    };
  });
  const { get } = figures;
  if (!get?.kubectl) return starts;
  const ratio = round(get.warm.totalMs / get.kubectl.totalMs);
  return [...starts, { name: 'get: time against kubectl', value: ratio, budget: '<= 2', ok: ratio <= 2 }];
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let firstByteMs: number | undefined;
    const onData = () => {
      firstByteMs ??= performance.now() - startMs;
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.on('error', () => resolve({ firstByteMs: Number.NaN, totalMs: Number.NaN, exitCode: 127 }));
    child.on('close', (exitCode) => {
      const totalMs = performance.now() - startMs;
      resolve({ firstByteMs: firstByteMs ?? totalMs, totalMs, exitCode });
    });
  });
}

const median = (runs: readonly Run[]): Run => ({
  firstByteMs: round(
    percentile(
      runs.map((one) => one.firstByteMs),
      50,
    ),
  ),
  totalMs: round(
    percentile(
      runs.map((one) => one.totalMs),
      50,
    ),
  ),
  exitCode: Math.max(...runs.map((one) => one.exitCode ?? 128)),
});
