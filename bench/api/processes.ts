import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureKeyRing, ensureServerCertificates } from '@river/runtime';
import { connection, type Target } from './wire.ts';

const main = join(import.meta.dirname, '../../apiserver/src/main.ts');

const watchFloor = join(import.meta.dirname, 'watch-floor.ts');

export interface RunningServer {
  target: Target;
  /** Starts a bare TLS server with the same certificate, to compare with. */
  startWatchFloor(): Promise<{ target: Target; stop(): Promise<void> }>;
  /** From the start of the process until it said that it serves. */
  readyMs: number;
  /** Of the process now, and the most it ever was, in MiB. */
  memory(): { rssMiB: number; peakMiB: number };
  /** What all its threads have computed. */
  cpuMs(): number;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Whom it knows beside its admin. */
  people?: readonly Person[];
  flags?: Readonly<Record<string, string>>;
}

export interface Person {
  sha256: string;
  user: string;
  groups: readonly string[];
}

export const personOf = (token: string, user: string, ...groups: string[]): Person => ({
  sha256: createHash('sha256').update(token).digest('hex'),
  user,
  groups,
});

/** The policies that `up` loads. */
export const policies = join(import.meta.dirname, '../../deploy/policies');

/** Starts the API server as people do, with a certificate of its own, and waits until it says that it serves. */
export async function startServer(
  dir: string,
  store: string,
  { people = [], flags: more = {} }: ServerOptions = {},
): Promise<RunningServer> {
  const pki = await ensureServerCertificates({ dir: join(dir, 'pki'), now: new Date() });
  const keysFile = join(dir, 'pki', 'secrets.keys');
  ensureKeyRing(keysFile, new Date());
  const token = randomBytes(24).toString('hex');
  const tokenFile = join(dir, 'token');
  writeFileSync(tokenFile, JSON.stringify({ tokens: [personOf(token, 'admin', 'system:masters'), ...people] }), { mode: 0o600 });
  const port = await freePort();
  const flags = {
    store,
    bind: '127.0.0.1',
    port: String(port),
    cert: pki.certFile,
    key: pki.keyFile,
    'token-file': tokenFile,
    'secret-keys': keysFile,
    ...more,
  };
  const startedMs = performance.now();
  const child = spawn(process.execPath, [main, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await saidReady(child);
  const target = { host: '127.0.0.1', port, ca: pki.ca, token };
  return {
    target,
    async startWatchFloor() {
      const floorPort = await freePort();
      const floor = spawn(process.execPath, [watchFloor, pki.certFile, pki.keyFile, String(floorPort)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      await saidReady(floor);
      return { target: { ...target, port: floorPort }, stop: () => stop(floor) };
    },
    readyMs: performance.now() - startedMs,
    memory: () => memoryOf(child.pid ?? 0),
    cpuMs: () => cpuMsOf(child.pid ?? 0),
    stop: () => stop(child),
  };
}

export async function startEtcd(dir: string): Promise<{ endpoint: string; stop(): Promise<void>; memory(): { peakMiB: number } }> {
  const [client, peer] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${client}`;
  const urls = ['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint, '--listen-peer-urls', `http://127.0.0.1:${peer}`];
  const child = spawn('etcd', ['--data-dir', join(dir, 'etcd'), ...urls, '--log-level', 'error'], { stdio: 'ignore' });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`etcd ended with ${code} before it was ready`)));
  });
  failed.catch(() => {});
  await Promise.race([failed, answers(`${endpoint}/health`)]);
  return { endpoint: `127.0.0.1:${client}`, stop: () => stop(child), memory: () => memoryOf(child.pid ?? 0) };
}

/** Opens this many connections to the server, before anything is measured. */
export const connections = (target: Target, count: number) => Promise.all(Array.from({ length: count }, () => connection(target)));

async function saidReady(child: ChildProcess): Promise<void> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('the server was started without pipes');
  let complaints = '';
  stderr.on('data', (text) => {
    complaints = (complaints + text).slice(-2_000);
  });
  for await (const line of createInterface({ input: stdout }))
    if (line.includes('"ready":true')) {
      // Nobody reads on, and a full pipe would stop the server.
      stdout.resume();
      return;
    }
  throw new Error(`the API server ended before it was ready: ${complaints}`);
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at ${url}`);
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const kill = setTimeout(() => child.kill('SIGKILL'), 5_000);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

function memoryOf(pid: number): { rssMiB: number; peakMiB: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (key: string) => Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return { rssMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
}

/** The kernel counts in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = rest.split(' ').slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
