import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A real etcd on loopback, for tests, with its data in a folder of its own. */
export interface EtcdProcess {
  endpoint: string;
  signal(name: NodeJS.Signals): void;
  /** kill -9, and start again on the same data when `restart` is called. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** Why there is no etcd to test with; undefined when there is. */
export const etcdMissing = (): string | undefined =>
  spawnSync('etcd', ['--version']).status === 0 ? undefined : 'etcd-server is not installed';

export async function startEtcd(moreFlags: Record<string, string> = {}): Promise<EtcdProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'river-etcd-'));
  const [client, peer] = [await freePort(), await freePort()];
  const peerUrl = `http://127.0.0.1:${peer}`;
  const flags = {
    'data-dir': folder,
    'listen-client-urls': `http://127.0.0.1:${client}`,
    'advertise-client-urls': `http://127.0.0.1:${client}`,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
    'log-level': 'error',
    ...moreFlags,
  };
  let child: ChildProcess;

  const start = async (): Promise<void> => {
    child = spawn(
      'etcd',
      Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      { stdio: 'ignore' },
    );
    for (let attempt = 0; !(await isHealthy(client)); attempt++) {
      if (attempt > 200 || child.exitCode !== null) throw new Error(`etcd did not start on port ${client}`);
      await wait(50);
    }
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };

  await start();
  return {
    endpoint: `127.0.0.1:${client}`,
    signal: (name) => void child.kill(name),
    kill,
    restart: start,
    async remove() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const isHealthy = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    async (answer) => (await answer.text()).includes('true'),
    () => false,
  );

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
