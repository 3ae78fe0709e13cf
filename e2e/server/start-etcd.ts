import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort, type Program, startProgram } from './program.ts';

/** A real etcd on loopback. Its data stays in the folder it was given, so it can be killed and started again. */
export interface Etcd {
  /** As it is named in `--store`. */
  store: string;
  /** Where its own clients find it. */
  endpoint: string;
  /** The key ring that all servers over it share. */
  secretKeys: string;
  log(): string;
  stop(): Promise<void>;
  kill9(): Promise<void>;
  start(): Promise<void>;
}

const startDeadlineMs = 30_000;

export async function startEtcd(dir: string): Promise<Etcd> {
  const [client, peer] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const flags = {
    'data-dir': join(dir, 'etcd'),
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
    'log-level': 'error',
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  let program: Program;
  const start = async () => {
    program = startProgram('etcd', args);
    const look = () => fetch(`${endpoint}/health`).then((answer) => answer.text());
    await eventually('etcd is healthy', look, (text) => text.includes('true'), startDeadlineMs);
  };
  await start();
  return {
    store: `etcd://127.0.0.1:${client}`,
    secretKeys: join(dir, 'pki', 'secrets.keys'),
    endpoint: `127.0.0.1:${client}`,
    log: () => program.log(),
    stop: () => program.stop(),
    kill9: () => program.kill9(),
    start,
  };
}
