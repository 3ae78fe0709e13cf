import { existsSync } from 'node:fs';
import { type ApiClient, apiClient, loadKubeconfig } from '@river/runtime';
import { askAuditHead } from './ask-audit-head.ts';
import { askKeyReport, warningOf } from './ask-key-report.ts';
import type { DataDir } from './data-dir.ts';
import { isAlive } from './process-identity.ts';
import { readUpState } from './up-state.ts';

export interface Status {
  running: boolean;
  /** Whether the API server answers that it is ready. */
  ready: boolean;
  data: string;
  kubeconfig?: string;
  url?: string;
  store?: string;
  version?: string;
  startedAt?: string;
  /** The last line of the audit log, SEQ:HASH, to be noted elsewhere. */
  auditHead?: string;
  processes: { up?: number; apiserver?: number; controllers?: number; gateway?: number; agent?: number };
  /** Why it is not ready, or what is odd. */
  problem?: string;
}

const askVersion = async (client: ApiClient): Promise<string | undefined> => {
  const { gitVersion } = await client.json<{ gitVersion?: string }>({ method: 'GET', path: '/version', timeoutMs: 5_000 });
  return gitVersion;
};

const ask = async (dir: DataDir, kubeconfig: string): Promise<Pick<Status, 'ready' | 'version' | 'problem' | 'auditHead'>> => {
  const client = apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig } }));
  try {
    await client.request({ method: 'GET', path: '/readyz', timeoutMs: 5_000 });
    const version = await askVersion(client);
    const audit = await askAuditHead(client);
    const failing = audit?.problem && `the audit log cannot be written, so writes are refused: ${audit.problem}`;
    const problem = failing ?? warningOf(await askKeyReport(client), dir);
    return { ready: true, ...(version && { version }), ...(audit && { auditHead: audit.head }), ...(problem && { problem }) };
  } catch (error) {
    return { ready: false, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    client.close();
  }
};

export const observeStatus = async (dir: DataDir): Promise<Status> => {
  const state = readUpState(dir.state);
  const upAlive = state !== undefined && isAlive(state.up);
  const controllersAlive = state?.controllers !== undefined && isAlive(state.controllers);
  const gatewayAlive = state?.gateway !== undefined && isAlive(state.gateway);
  const serverAlive = state?.server !== undefined && isAlive(state.server);
  const kubeconfig = existsSync(dir.kubeconfig) ? { kubeconfig: dir.kubeconfig } : {};
  if (!state || !(upAlive || serverAlive)) return { running: false, ready: false, data: dir.root, ...kubeconfig, processes: {} };
  const answer = state.url && kubeconfig.kubeconfig ? await ask(dir, kubeconfig.kubeconfig) : { ready: false, problem: 'it is starting' };
  return {
    running: true,
    ...answer,
    data: dir.root,
    ...kubeconfig,
    ...(state.url && { url: state.url }),
    store: state.store,
    startedAt: state.startedAt,
    processes: {
      ...(upAlive && { up: state.up.pid }),
      ...(state.server && serverAlive && { apiserver: state.server.pid }),
      ...(state.controllers && controllersAlive && { controllers: state.controllers.pid }),
      ...(state.gateway && gatewayAlive && { gateway: state.gateway.pid }),
      ...(state.agent && isAlive(state.agent) && { agent: state.agent.pid }),
    },
    ...(state.controllers &&
      !controllersAlive && { problem: `the controllers have ended, and are being started again: see ${dir.controllersLog}` }),
    ...(state.gateway && !gatewayAlive && { problem: `the gateway has ended, and is being started again: see ${dir.gatewayLog}` }),
    ...(!upAlive && { problem: 'its `up` was killed: run `./river up` or `./river down` to put things in order' }),
  };
};

const lines = (status: Status): string[] => {
  if (!status.running) return [`River does not run on ${status.data}`];
  const { processes } = status;
  return [
    `River ${status.version ?? ''} ${status.ready ? 'is ready' : 'is not ready'}: ${status.url ?? '(no address yet)'}`.replace('  ', ' '),
    `store:      ${status.store}`,
    `data:       ${status.data}`,
    `kubeconfig: ${status.kubeconfig ?? '(none)'}`,
    `processes:  up ${processes.up ?? '(gone)'}, API server ${processes.apiserver ?? '(gone)'}, controllers ${processes.controllers ?? '(none)'}, gateway ${processes.gateway ?? '(none)'}, agent ${processes.agent ?? '(none)'}`,
    `since:      ${status.startedAt}`,
    ...(status.auditHead ? [`audit:      ${status.auditHead}`] : []),
    ...(status.problem ? [`problem:    ${status.problem}`] : []),
  ];
};

/** Exit code 0 when ready, 3 when nothing runs, 1 when something is wrong. */
export const runStatus = async ({ dir, json }: { dir: DataDir; json: boolean }, print: (line: string) => void): Promise<number> => {
  const status = await observeStatus(dir);
  if (json) print(JSON.stringify(status, null, 2));
  else for (const line of lines(status)) print(line);
  if (!status.running) return 3;
  return status.ready && !status.problem ? 0 : 1;
};
