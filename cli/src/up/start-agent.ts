import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { apiClient, identityFolder, loadKubeconfig, writePrivateFile } from '@river/runtime';
import { makeJoinToken } from '../node/make-join-token.ts';
import type { DataDir } from './data-dir.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

const pingMs = 2_000;
const tokenMs = 10 * 60_000;

/** Docker's own socket, unless the environment names another. */
export const engineSocket = (env: NodeJS.ProcessEnv): string =>
  /^unix:\/\/(\/.+)$/.exec(env.DOCKER_HOST ?? '')?.[1] ?? '/var/run/docker.sock';

/** Whether a container engine answers there. */
export const engineAnswers = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const asking = request({ socketPath, path: '/_ping', timeout: pingMs }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asking.once('timeout', () => asking.destroy());
    asking.once('error', () => resolve(false));
    asking.end();
  });

/** What this machine is called as a node. */
export const ownNode = (): string => hostname().toLowerCase();

export interface AgentArgs {
  dir: DataDir;
  /** The guard's main file: it starts the agent. */
  entry: string;
  url: string;
  socket: string;
  now(): Date;
}

/** Several Rivers may share a machine: what is the machine's is named after their folders. */
const placeOf = (dir: DataDir): string => createHash('sha256').update(dir.root).digest('hex').slice(0, 8);

/** How the agent of this machine is started. A machine that has not joined yet gets a token in a file that only its owner reads. */
export async function agentArgs({ dir, entry, url, socket, now }: AgentArgs): Promise<string[]> {
  const node = ownNode();
  const place = placeOf(dir);
  const args = [entry, '--server', url, '--name', node, '--dir', dir.node, '--docker-socket', socket];
  args.push('--cgroup', `river${place}`, '--memory-dir', `/run/river/${place}`);
  const token = join(dir.node, 'join.token');
  if (identityFolder(dir.node).read()) {
    rmSync(token, { force: true });
    return args;
  }
  const client = apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig: dir.kubeconfig } }), { userAgent: 'river-up' });
  try {
    const choice = { node, addresses: [], untilMs: now().getTime() + tokenMs, isAutomatic: true };
    writePrivateFile(token, (await makeJoinToken(client, choice)).token);
  } finally {
    client.close();
  }
  return [...args, '--token-file', token];
}

/** The guard that runs here, whoever has started it: a dead one is replaced by its agent. */
export function runningGuard(dir: DataDir): ProcessIdentity | undefined {
  try {
    const said: Partial<ProcessIdentity> = JSON.parse(readFileSync(join(dir.node, 'run/guard.json'), 'utf8'));
    const { pid, start } = said;
    return typeof pid === 'number' && typeof start === 'string' && isAlive({ pid, start }) ? { pid, start } : undefined;
  } catch {
    return undefined;
  }
}
