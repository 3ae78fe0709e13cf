import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { type DataDir, dataDir, dataRoot } from './data-dir.ts';
import type { KeysAct, KeysOptions } from './run-keys.ts';
import type { RestoreOptions } from './run-restore.ts';

export interface UpOptions {
  dir: DataDir;
  bind: string;
  apiPort: number;
  /** As the API server takes it: `sqlite:PATH`, `memory` or `etcd://…`. */
  store: string;
  detach: boolean;
  /** Whether the controllers are started beside the API server. */
  controllers: boolean;
  /** Whether a gateway is started. */
  gateway: boolean;
  gatewayPort: number;
  /** Whether this machine is made a node, where a container engine answers. */
  agent: boolean;
  /** What was asked for in so many words: a running control plane must then agree with it. */
  asked: { bind: boolean; apiPort: boolean; gatewayPort: boolean; store: boolean };
}

/** The command line was not understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const parse = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

const parsePort = (flag: string, text: string): number => {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new UsageError(`--${flag} must be a number from 0 (any free port) to 65535, not "${text}"`);
  return port;
};

const parseBind = (text: string): string => {
  if (!isIP(text)) throw new UsageError(`--bind must be an address of this machine such as 127.0.0.1 or 0.0.0.0, not "${text}"`);
  return text;
};

const parseStore = (text: string, dir: DataDir): string => {
  if (text === 'sqlite') return `sqlite:${dir.database}`;
  if (text === 'memory' || /^etcd:\/\/[^/\s]+/.test(text)) return text;
  throw new UsageError(`--store must be sqlite, memory or etcd://host:port,…, not "${text}"`);
};

const data = { type: 'string' } as const;

export const parseUp = (args: readonly string[], env: NodeJS.ProcessEnv): UpOptions => {
  const options = {
    data,
    bind: data,
    'api-port': data,
    'gateway-port': data,
    store: data,
    detach: { type: 'boolean' },
    'no-controllers': { type: 'boolean' },
    'no-gateway': { type: 'boolean' },
    'no-agent': { type: 'boolean' },
  } as const;
  const { values } = parse(() => parseArgs({ args: [...args], options, strict: true }));
  const dir = dataDir(dataRoot(values.data, env));
  const apiPort = parsePort('api-port', values['api-port'] ?? '6443');
  return {
    dir,
    bind: parseBind(values.bind ?? '127.0.0.1'),
    apiPort,
    store: parseStore(values.store ?? 'sqlite', dir),
    detach: values.detach ?? false,
    controllers: !values['no-controllers'],
    gateway: !values['no-gateway'],
    // Who wants any free port for the one wants no particular one for the other.
    gatewayPort: parsePort('gateway-port', values['gateway-port'] ?? (apiPort === 0 ? '0' : '8000')),
    agent: !values['no-agent'],
    asked: {
      bind: values.bind !== undefined,
      apiPort: values['api-port'] !== undefined,
      gatewayPort: values['gateway-port'] !== undefined,
      store: values.store !== undefined,
    },
  };
};

export const parseDown = (args: readonly string[], env: NodeJS.ProcessEnv): { dir: DataDir } => {
  const { values } = parse(() => parseArgs({ args: [...args], options: { data }, strict: true }));
  return { dir: dataDir(dataRoot(values.data, env)) };
};

export const parseStatus = (args: readonly string[], env: NodeJS.ProcessEnv): { dir: DataDir; json: boolean } => {
  const { values } = parse(() => parseArgs({ args: [...args], options: { data, json: { type: 'boolean' } }, strict: true }));
  return { dir: dataDir(dataRoot(values.data, env)), json: values.json ?? false };
};

export const parseRestore = (args: readonly string[], env: NodeJS.ProcessEnv): RestoreOptions => {
  const { values, positionals } = parse(() =>
    parseArgs({ args: [...args], options: { data, store: data }, allowPositionals: true, strict: true }),
  );
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('name the one backup file to restore: ./river restore FILE [--data DIR]');
  const dir = dataDir(dataRoot(values.data, env));
  if (values.store === 'memory') throw new UsageError('a store in memory is gone with its server: restore into sqlite or etcd');
  return { dir, file, store: parseStore(values.store ?? 'sqlite', dir) };
};

const keysUsage = 'say one of: ./river keys list | rotate | prune | add | use KEY [--data DIR]';

export const parseKeys = (args: readonly string[], env: NodeJS.ProcessEnv): KeysOptions => {
  const { values, positionals } = parse(() => parseArgs({ args: [...args], options: { data }, allowPositionals: true, strict: true }));
  return { dir: dataDir(dataRoot(values.data, env)), asked: parseKeysAct(positionals) };
};

const parseKeysAct = ([act, id, ...more]: readonly string[]): KeysAct => {
  if (act === 'use' && id !== undefined && more.length === 0) return { act, id };
  if ((act === 'list' || act === 'add' || act === 'rotate' || act === 'prune') && id === undefined) return { act };
  throw new UsageError(keysUsage);
};
