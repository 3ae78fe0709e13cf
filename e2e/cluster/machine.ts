import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '../server/eventually.ts';
import { type Program, startProgram } from '../server/program.ts';
import { childOf } from './processes.ts';

const exec = promisify(execFile);

/** Namespaces that live as long as one process, which ends with this one. When it ends, so does all that runs in them. */
export interface Machine {
  /** Of its first process, as seen from here. */
  pid: number;
  /** Runs to its end inside. Resolves with stdout. */
  run(command: string, ...args: string[]): Promise<string>;
  /** Runs on inside, with a process here that leads into it. */
  start(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Program;
  /** As when its plug is pulled: nothing inside is asked. */
  kill9(): Promise<void>;
}

/** Ends with whoever started it, however that ends. */
const bound = ['--pdeathsig', 'KILL'];

/** A network of its own and nothing else. */
export async function startNetwork(): Promise<Machine> {
  const holder = startProgram('setpriv', [...bound, 'unshare', '--net', 'sh', '-c', 'echo ready; exec sleep infinity']);
  await eventually('the network is there', holder.log, (log) => log.includes('ready'));
  return machineOf(holder, holder.pid, ['--net']);
}

/** Network, mounts, processes and a host name of its own; `boot` is what it does before anything else. The kernel and its cgroups are shared. */
export async function startMachine(hostname: string, boot: string): Promise<Machine> {
  const own = ['--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const script = `hostname ${hostname} && ${boot} && echo ready && exec docker-init -- sleep infinity`;
  const holder = startProgram('setpriv', [...bound, 'unshare', ...own, 'sh', '-c', script]);
  await eventually(`${hostname} has booted`, holder.log, (log) => log.includes('ready'));
  return machineOf(holder, childOf(holder.pid) ?? 0, ['--net', '--mount', '--uts', '--pid']);
}

function machineOf(holder: Program, pid: number, spaces: readonly string[]): Machine {
  const into = (command: string, args: readonly string[]) => ['--target', String(pid), ...spaces, '--', command, ...args];
  return {
    pid,
    run: async (command, ...args) => (await exec('nsenter', into(command, args), { timeout: 60_000, maxBuffer: 64 << 20 })).stdout,
    start: (command, args, env) => startProgram('nsenter', into(command, args), env),
    async kill9() {
      if (pid !== holder.pid) process.kill(pid, 'SIGKILL');
      await holder.kill9();
    },
  };
}
