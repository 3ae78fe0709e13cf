import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { keptOutput } from '@river/node-agent';
import { eventually } from '../server/eventually.ts';
import type { Program } from '../server/program.ts';
import { cgroupsOf } from './cgroups.ts';
import { type Machine, startMachine } from './machine.ts';
import { processesWith } from './processes.ts';
import type { Underlay } from './underlay.ts';

const exec = promisify(execFile);
const guardMain = fileURLToPath(new URL('../../node-agent/src/guard/main.ts', import.meta.url));
const makeBusybox = fileURLToPath(new URL('../../examples/make-busybox.sh', import.meta.url));

/** What runs on a node and can be ended by itself. */
export type Part = 'dockerd' | 'guard' | 'agent';

/** A node: a machine with a container engine, a guard and an agent, as far as one kernel can be several. */
export interface ClusterNode {
  name: string;
  dir: string;
  /** From the wall socket to an agent that runs. */
  boot(): Promise<void>;
  /** Everything ends at once, and nothing is asked. What was on its disk stays. */
  pullPlug(): Promise<void>;
  /** As after its cable was pulled, or plugged in again. */
  setCable(to: 'up' | 'down'): Promise<void>;
  pidOf(part: Part): number | undefined;
  /** Of any part that runs; SIGKILL waits for its end. */
  signal(part: Part, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** A part that ended, as a service manager starts it again. The guard starts the agent. */
  start(part: 'dockerd' | 'guard'): Promise<void>;
  isFrozen(): boolean;
  docker(...args: string[]): Promise<string>;
  /** `stdout: …` and `stderr: …`, line by line, of what has ended here. */
  output(uid: string): Promise<string[]>;
  log(): string;
  stop(): Promise<void>;
}

export interface NodeSettings {
  name: string;
  /** Among the nodes of the stage, from 1. */
  number: number;
  dir: string;
  cgroup: string;
  sharedDir: string;
  underlay: Underlay;
  server: () => string;
  joinToken: string;
}

export function clusterNode(settings: NodeSettings): ClusterNode {
  const { name, number, dir, underlay } = settings;
  const cgroups = cgroupsOf(settings.cgroup);
  const at = (path: string) => join(dir, path);
  const socket = at('docker.sock');
  const cable = `c-${name}`;
  const programs: Program[] = [];
  let machine: Machine | undefined;
  let isCableUp = true;
  mkdirSync(at('exec'), { recursive: true });
  writeFileSync(at('daemon.json'), JSON.stringify({ 'live-restore': true, bridge: 'docker0' }));
  const docker = async (...args: string[]) =>
    (await exec('docker', ['-H', `unix://${socket}`, ...args], { timeout: 60_000, maxBuffer: 64 << 20 })).stdout;
  const words: Record<Part, string[]> = {
    dockerd: ['dockerd', at('daemon.json')],
    guard: ['guard/main.ts', at('agent')],
    agent: ['agent/main.ts', at('agent')],
  };
  const pidOf = (part: Part) => processesWith(...words[part])[0];
  const log = () => programs.map((program) => program.log()).join('\n---\n');
  const launch = (command: string, args: readonly string[], env?: NodeJS.ProcessEnv) => {
    if (!machine) throw new Error(`${name} has no power`);
    programs.push(machine.start(command, args, env));
  };
  const startDockerd = async () => {
    // A containerd that went with its engine leaves its number behind, and the next engine would wait for it.
    if (processesWith(at('exec/containerd/containerd.toml')).length === 0) rmSync(at('exec/containerd/containerd.pid'), { force: true });
    rmSync(at('dockerd.pid'), { force: true });
    launch('dockerd', dockerdFlags(at, socket));
    await eventually(
      `the engine of ${name} answers`,
      () => docker('version', '--format', '{{.Server.Version}}').catch((error) => `${error} ${log().slice(-2_000)}`),
      (answer) => /^[0-9.]+/.test(answer),
      30_000,
    );
  };
  const startGuard = async () => {
    const flags = { server: settings.server(), name, dir: at('agent'), 'docker-socket': socket, cgroup: settings.cgroup };
    const more = { 'memory-dir': at('memory'), shared: settings.sharedDir };
    const args = Object.entries({ ...flags, ...more }).flatMap(([flag, value]) => [`--${flag}`, value]);
    launch(process.execPath, [guardMain, ...args], { ...process.env, RIVER_JOIN_TOKEN: settings.joinToken });
  };
  const end = async (part: Part) => {
    const pid = pidOf(part);
    if (pid === undefined) return;
    process.kill(pid, 'SIGKILL');
    await eventually(`${part} of ${name} has ended`, () => !processesWith(...words[part]).includes(pid));
  };
  const pullPlug = async () => {
    const ended = machine?.kill9();
    cgroups.thaw();
    await ended;
    machine = undefined;
    await eventually(`nothing of ${name} runs`, () => processesWith(dir).length === 0);
  };
  return {
    name,
    dir,
    async boot() {
      const bootId = at('boot_id');
      writeFileSync(bootId, `${randomUUID()}\n`);
      rmSync(at('exec'), { recursive: true, force: true });
      mkdirSync(at('exec'));
      machine = await startMachine(
        name,
        `mount --bind ${bootId} /proc/sys/kernel/random/boot_id && mkdir -p /run/containerd && mount -t tmpfs tmpfs /run/containerd`,
      );
      await underlay.attach(cable, machine.pid, 10 + number);
      if (!isCableUp) await underlay.setCable(cable, 'down');
      await startDockerd();
      if (!(await docker('images', '-q', 'busybox:test')).trim()) await exec(makeBusybox, ['-H', `unix://${socket}`]);
      await startGuard();
    },
    pullPlug,
    async setCable(to) {
      isCableUp = to === 'up';
      await underlay.setCable(cable, to);
    },
    pidOf,
    async signal(part, signal) {
      if (signal === 'SIGKILL') return end(part);
      const pid = pidOf(part);
      if (pid === undefined) throw new Error(`${name} has no ${part}`);
      process.kill(pid, signal);
    },
    start: (part) => (part === 'dockerd' ? startDockerd() : startGuard()),
    isFrozen: cgroups.isFenceFrozen,
    docker,
    output: async (uid) =>
      (await Array.fromAsync(keptOutput({ dir: at('agent/output') }).read(uid, {}))).map(
        ({ stream, bytes }) => `${stream}: ${bytes.toString().trimEnd()}`,
      ),
    log,
    async stop() {
      await pullPlug();
      cgroups.remove();
    },
  };
}

const dockerdFlags = (at: (path: string) => string, socket: string): string[] => [
  ...Object.entries({
    'config-file': at('daemon.json'),
    'data-root': at('data'),
    'exec-root': at('exec'),
    pidfile: at('dockerd.pid'),
  }).flatMap(([flag, value]) => [`--${flag}`, value]),
  '-H',
  `unix://${socket}`,
  '--storage-driver=overlay2',
  '--iptables=false',
  '--userland-proxy=false',
  '--log-level=warn',
];
