import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process, unmistakably: pids are reused, a pid together with its start is not. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the words of this system; only compared for equality. */
  start: string;
}

const hasCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));

/** Linux: the boot, and the clock tick of it in which the process started. A zombie has ended. */
const startOnLinux = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
};

const startElsewhere = (pid: number): string | undefined => {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 1) return undefined;
    throw error;
  }
};

const startOf = (pid: number): string | undefined => (process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid));

/** Undefined when there is no such process (any more). */
export const identify = (pid: number): ProcessIdentity | undefined => {
  const start = startOf(pid);
  return start === undefined ? undefined : { pid, start };
};

export const isAlive = (who: ProcessIdentity): boolean => startOf(who.pid) === who.start;

/** Signals exactly this process: when its pid belongs to another by now, nobody is signalled. */
export const signal = (who: ProcessIdentity, name: NodeJS.Signals): boolean => {
  if (!isAlive(who)) return false;
  try {
    return process.kill(who.pid, name);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    throw error;
  }
};
