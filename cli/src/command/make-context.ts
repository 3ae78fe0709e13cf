import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  type ApiClient,
  apiClient,
  type ClusterAccess,
  type Discovery,
  discover,
  KubeconfigError,
  kubeconfigFiles,
  loadKubeconfig,
  systemClock,
} from '@river/runtime';
import type { Context } from './context.ts';
import { CommandError } from './exit-code.ts';

export interface AccessChoice {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  namespace?: string | undefined;
}

/**
 * kubectl's order (--kubeconfig, KUBECONFIG, ~/.kube/config), then the kubeconfig of the River that runs on this machine:
 * the one of RIVER_DATA or of ~/.river.
 */
const pickKubeconfig = (choice: AccessChoice, env: NodeJS.ProcessEnv): string | undefined => {
  if (choice.kubeconfig) return choice.kubeconfig;
  const { paths } = kubeconfigFiles(env);
  if (paths.some((path) => existsSync(path))) return undefined;
  const local = join(env.RIVER_DATA || join(env.HOME || homedir(), '.river'), 'kubeconfig');
  if (existsSync(local)) return local;
  if (env.KUBERNETES_SERVICE_HOST) return undefined;
  throw new KubeconfigError(
    `there is no ${[...paths, local].join(', nor ')}: start River with ./river up, or name a kubeconfig with --kubeconfig`,
  );
};

const readAccess = async (choice: AccessChoice, env: NodeJS.ProcessEnv): Promise<ClusterAccess> => {
  const kubeconfig = pickKubeconfig(choice, env);
  const flags = {
    ...(kubeconfig && { kubeconfig }),
    ...(choice.context && { context: choice.context }),
    ...(choice.namespace && { namespace: choice.namespace }),
  };
  return loadKubeconfig({ env, flags });
};

const onInterrupt = (): AbortSignal => {
  const controller = new AbortController();
  const stop = () => controller.abort(new CommandError('interrupted', 'interrupted: nothing was kept', 'Interrupted'));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, stop);
  return controller.signal;
};

const writeTo = async (stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> => {
  if (!stream.write(bytes)) await once(stream, 'drain');
};

/** The context of a real process. `close` lets go of the connections, so that the process may end. */
export const makeContext = (choice: AccessChoice, isJson: boolean): Context & { close(): void } => {
  let access: Promise<ClusterAccess> | undefined;
  const clients = new Map<string, Promise<ApiClient>>();
  let discovery: Promise<Discovery> | undefined;
  let interrupted: AbortSignal | undefined;
  const note = (line: string) => void process.stderr.write(`${line}\n`);
  const write = (output: string) => void process.stdout.write(output);
  const getAccess = () => {
    access ??= readAccess(choice, process.env);
    return access;
  };
  const clientAt = (server: string): Promise<ApiClient> => {
    const onWarning = (warning: string) => note(`warning: ${warning}`);
    const made =
      clients.get(server) ??
      getAccess().then((found) => apiClient({ ...found, server: server || found.server }, { userAgent: 'riverctl', onWarning }));
    clients.set(server, made);
    return made;
  };
  /** Of the server that the kubeconfig names. */
  const getClient = () => clientAt('');
  const rediscover = () => {
    discovery = getClient().then((ready) => discover(ready));
    return discovery;
  };
  return {
    isJson,
    namespaceFlag: choice.namespace,
    env: process.env,
    client: getClient,
    clientAt,
    discovery: () => discovery ?? rediscover(),
    rediscover,
    say: (line) => (isJson ? undefined : write(`${line}\n`)),
    note: (line) => (isJson ? undefined : note(line)),
    result: (value) => (isJson ? write(`${JSON.stringify(value, null, 2)}\n`) : undefined),
    write,
    writeBytes: (bytes) => writeTo(process.stdout, bytes),
    writeErrorBytes: (bytes) => writeTo(process.stderr, bytes),
    isTerminal: process.stdout.isTTY === true,
    interrupted: () => {
      interrupted ??= onInterrupt();
      return interrupted;
    },
    readStdin: () => text(process.stdin),
    wallMs: () => systemClock.wallMs(),
    close: () => {
      for (const client of clients.values()) void client.then((open) => open.close()).catch(() => undefined);
    },
  };
};
