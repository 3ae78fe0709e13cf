import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';

const exec = promisify(execFile);
const makeBusybox = fileURLToPath(new URL('../../examples/make-busybox.sh', import.meta.url));

export interface DockerdOptions {
  liveRestore?: boolean;
  /** With a stand-in for NVIDIA's hook on its path, so that it takes orders for GPUs. */
  hasGpuHook?: boolean;
}

/** A container engine of a test's own: its data, its socket and its containers are under a temporary folder, and go with it. */
export interface RunningDockerd {
  socket: string;
  dir: string;
  /** The program `docker`, spoken to this engine. Resolves with its stdout. */
  docker(...args: string[]): Promise<string>;
  log(): string;
  kill9(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

let started = 0;

export async function startDockerd({ liveRestore = true, hasGpuHook = false }: DockerdOptions = {}): Promise<RunningDockerd> {
  const dir = mkdtempSync(join(tmpdir(), 'river-dockerd-'));
  const at = (name: string) => join(dir, name);
  const socket = at('docker.sock');
  writeFileSync(at('daemon.json'), JSON.stringify({ 'live-restore': liveRestore }));
  // Others on this machine may have an engine, too: no bridge, and no addresses, are shared with them.
  const bridge = `rv${process.pid.toString(36)}x${started}`;
  await exec('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await exec('ip', ['address', 'add', `10.${200 + (started % 50)}.${process.pid % 250}.1/24`, 'dev', bridge]);
  started++;
  let program: Program | undefined;
  const env = hasGpuHook ? { ...process.env, PATH: `${gpuHook(at('bin'))}:${process.env.PATH}` } : process.env;
  const docker = async (...args: string[]) =>
    (await exec('docker', ['-H', `unix://${socket}`, ...args], { timeout: 60_000, maxBuffer: 64 << 20 })).stdout;
  const start = async () => {
    mkdirSync(at('exec'), { recursive: true });
    // A containerd that went with a killed engine leaves its pid behind, and the next engine would wait for it.
    if (!isContainerdAlive(at('exec/containerd/containerd.pid'))) rmSync(at('exec/containerd/containerd.pid'), { force: true });
    rmSync(at('dockerd.pid'), { force: true });
    const flags = {
      'config-file': at('daemon.json'),
      'data-root': at('data'),
      'exec-root': at('exec'),
      pidfile: at('dockerd.pid'),
      bridge,
    };
    program = startProgram(
      'dockerd',
      [
        ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
        '-H',
        `unix://${socket}`,
        '--storage-driver=overlay2',
        '--iptables=false',
        '--log-level=warn',
      ],
      env,
    );
    await eventually('the container engine answers', () => docker('version', '--format', '{{.Server.Version}}'), Boolean, 30_000).catch(
      (error) => {
        throw new Error(`${error.message}\n${program?.log()}`);
      },
    );
  };
  /** An order that was under way when its giver ended is carried out all the same. */
  const removeContainers = () =>
    eventually('no container is left', async () => {
      const ids = (await docker('ps', '-aq')).split('\n').filter(Boolean);
      if (ids.length > 0) await docker('rm', '-f', ...ids);
      return ids.length === 0;
    });
  await start();
  await exec(makeBusybox, ['-H', `unix://${socket}`]);
  return {
    socket,
    dir,
    docker,
    log: () => program?.log() ?? '',
    kill9: async () => program?.kill9(),
    start,
    async stop() {
      await removeContainers().catch(() => {});
      await program?.stop().catch(() => program?.kill9());
      await endContainerd(at('exec/containerd/containerd.pid'));
      for (const place of mountsBelow(dir)) await exec('umount', ['--lazy', place]);
      rmSync(dir, { recursive: true, force: true });
      await exec('ip', ['link', 'delete', bridge]);
    },
  };
}

/** Does nothing: the engine itself sets what the container sees. */
function gpuHook(dir: string): string {
  mkdirSync(dir);
  writeFileSync(join(dir, 'nvidia-container-runtime-hook'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  return dir;
}

/** Of an engine that was killed it goes on alone. */
async function endContainerd(pidFile: string): Promise<void> {
  if (!isContainerdAlive(pidFile)) return;
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  await eventually('containerd has ended', () => !isContainerdAlive(pidFile));
}

const mountsBelow = (dir: string): string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((place) => place.startsWith(`${dir}/`))
    .reverse();

function isContainerdAlive(pidFile: string): boolean {
  try {
    const pid = readFileSync(pidFile, 'utf8').trim();
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('containerd');
  } catch {
    return false;
  }
}
