import { mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keptOutput } from '@river/node-agent';
import { eventually } from '../server/eventually.ts';
import type { Api } from '../server/http.ts';
import { makeToken } from '../server/node-join.ts';
import { type Program, startProgram } from '../server/program.ts';
import type { RunningServer } from '../server/start-server.ts';
import type { RunningDockerd } from './start-dockerd.ts';

const main = fileURLToPath(new URL('../../node-agent/src/guard/main.ts', import.meta.url));
const trees = ['blkio', 'cpu', 'cpuacct', 'cpuset', 'devices', 'freezer', 'memory', 'pids', 'systemd', 'unified', ''];

/** A real guard with a real agent, joined to a real server. */
export interface RunningAgent {
  node: string;
  dir: string;
  cgroup: string;
  guard(): Program;
  /** The agent's own process, which the guard starts. */
  agentPid(): number | undefined;
  log(): string;
  /** `stdout: …` and `stderr: …`, line by line, of what has ended. */
  output(uid: string): Promise<string[]>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface AgentSettings {
  server: RunningServer;
  api: Api;
  dockerd: RunningDockerd;
  node: string;
  flags?: readonly string[];
}

let started = 0;

export async function startAgent({ server, api, dockerd, node, flags = [] }: AgentSettings): Promise<RunningAgent> {
  const dir = mkdtempSync(join(tmpdir(), 'river-agent-'));
  const cgroup = `rt${process.pid.toString(36)}n${started++}`;
  const { whole } = await makeToken(server, api, { node });
  let guard: Program | undefined;
  let past = '';
  const log = () => past + (guard?.log() ?? '');
  const agentPid = () => childOf(guard?.pid ?? 0);
  const start = async () => {
    past = log();
    const args = ['--server', server.url, '--name', node, '--dir', dir, '--docker-socket', dockerd.socket, '--cgroup', cgroup];
    guard = startProgram(process.execPath, [main, ...args, '--memory-dir', join(dir, 'memory'), ...flags], {
      ...process.env,
      RIVER_JOIN_TOKEN: whole,
    });
    await eventually(
      'the node is ready',
      async () => (await api.get(`/apis/river.dev/v1/nodes/${node}`)).json.status?.conditions ?? log(),
      (conditions) => Array.isArray(conditions) && conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
      30_000,
    );
  };
  await start();
  return {
    node,
    dir,
    cgroup,
    log,
    guard: () => guard as Program,
    agentPid,
    output: async (uid) =>
      (await Array.fromAsync(keptOutput({ dir: join(dir, 'output') }).read(uid, {}))).map(
        ({ stream, bytes }) => `${stream}: ${bytes.toString().trimEnd()}`,
      ),
    start,
    async stop() {
      await guard?.stop().catch(() => guard?.kill9());
      rmSync(dir, { recursive: true, force: true });
      for (const tree of trees) for (const name of [`${cgroup}-fenced`, cgroup]) removeEmpty(join('/sys/fs/cgroup', tree, name));
    },
  };
}

function removeEmpty(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // It is not there, or somebody is still in it; an empty group costs nothing.
  }
}

function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return child === undefined ? undefined : Number(child);
  } catch {
    return undefined;
  }
}
