import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type ApiClient, apiClient, loadKubeconfig } from '@river/runtime';
import { type DataDir, dataDir } from '../../cli/src/up/data-dir.ts';
import { type RunningDockerd, startDockerd } from '../node-agent/start-dockerd.ts';
import { eventually } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const riverctl = here('../../cli/dist/riverctl.js');
const upMain = here('../../cli/src/up/main.ts');

export interface CtlResult {
  code: number | null;
  out: Buffer;
  err: string;
}

/** A whole River on this machine: `up` with a container engine of its own. */
export interface WholeRiver {
  data: DataDir;
  dockerd: RunningDockerd;
  node: string;
  client: ApiClient;
  env: NodeJS.ProcessEnv;
  ctl(...args: string[]): Promise<CtlResult>;
  /** The same, still running. */
  start(...args: string[]): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']>; stderr: NonNullable<ChildProcess['stderr']> };
  pids(): Record<'up' | 'apiserver' | 'controllers' | 'gateway' | 'guard' | 'agent', number>;
  log(): string;
  stop(): Promise<void>;
}

/** With riverctl built, as people run it. */
export async function startWholeRiver(): Promise<WholeRiver> {
  const built = startProgram(process.execPath, [here('../../cli/src/build.ts')]);
  if (built.child.exitCode === null) await once(built.child, 'exit');
  const dir = mkdtempSync(join(tmpdir(), 'river-gateway-'));
  const data = dataDir(dir);
  const node = hostname().toLowerCase();
  const env = { ...process.env, KUBECONFIG: data.kubeconfig };
  const dockerd = await startDockerd();
  const up = startProgram(process.execPath, [upMain, 'up', '--data', dir, '--api-port', '0'], {
    ...process.env,
    DOCKER_HOST: `unix://${dockerd.socket}`,
  });
  const start = (...args: string[]) => spawn(process.execPath, [riverctl, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ctl = async (...args: string[]): Promise<CtlResult> => {
    const child = start(...args);
    const [out, err, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, out, err };
  };
  const client = await ready(up, data, env);
  await eventually(
    'the node is ready',
    () => ctl('node', 'list'),
    ({ out }) => out.includes(node) && / True /.test(String(out)),
    40_000,
  );
  return {
    data,
    dockerd,
    node,
    client,
    env,
    ctl,
    start,
    pids: () => pidsOf(data),
    log: () => [data.gatewayLog, data.agentLog].map((file) => `--- ${file}\n${readFileSync(file, 'utf8').slice(-4_000)}`).join('\n'),
    async stop() {
      client.close();
      await up.stop();
      await dockerd.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function ready(up: Program, data: DataDir, env: NodeJS.ProcessEnv): Promise<ApiClient> {
  await eventually(
    'it serves',
    () => up.log(),
    (log) => log.includes('stop: '),
    30_000,
  );
  return apiClient(await loadKubeconfig({ env: { KUBECONFIG: env.KUBECONFIG ?? data.kubeconfig } }));
}

function pidsOf(data: DataDir): ReturnType<WholeRiver['pids']> {
  const state = JSON.parse(readFileSync(data.state, 'utf8'));
  const guard: number = state.agent.pid;
  const [agent] = readFileSync(`/proc/${guard}/task/${guard}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  const pids = { up: state.up.pid, apiserver: state.server.pid, controllers: state.controllers.pid, gateway: state.gateway.pid };
  return { ...pids, guard, agent: agent ?? 0 };
}

/** What a process has in memory now, in MiB. */
export const memoryOf = (pid: number): number =>
  Number(/^VmRSS:\s+([0-9]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
