import { existsSync, globSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Freezes and thaws everything below one cgroup, whatever the container engine does or has become. The engine does not know of it,
 * and a user's pause is something else: it freezes a container's own cgroup.
 */
export interface Freezer {
  /** Makes the cgroup when it is not there, so that what is born in it later is born frozen. Resolves when everything stands still. */
  freeze(): void;
  thaw(): void;
  isFrozen(): boolean;
  /** Ends every process of one container at once: a frozen one ends when it is thawed, before its next instruction. */
  kill(containerId: string): void;
  /** The same for all that is in it. @throws Error when a process cannot be seen from here. */
  killAll(): void;
  isEmpty(): boolean;
}

/** Where the parent lies: under `freezer/` of the first version, in the one tree of the second. */
export function cgroupPath(parent: string, driver: 'cgroupfs' | 'systemd', root = '/'): string {
  const tree = join(root, 'sys/fs/cgroup');
  const isSecond = existsSync(join(tree, 'cgroup.controllers'));
  return join(tree, isSecond ? '' : 'freezer', driver === 'systemd' ? slicePath(parent) : parent);
}

/** systemd puts `a-b.slice` into `a.slice`. */
function slicePath(slice: string): string {
  const parts = slice.replace(/\.slice$/, '').split('-');
  return parts.map((_, at) => `${parts.slice(0, at + 1).join('-')}.slice`).join('/');
}

const processes = 'cgroup.procs';

export function freezer(path: string): Freezer {
  const isSecond = () => existsSync(join(path, 'cgroup.freeze'));
  const file = () => join(path, isSecond() ? 'cgroup.freeze' : 'freezer.state');
  const set = (frozen: boolean) => {
    mkdirSync(path, { recursive: true });
    writeFileSync(file(), isSecond() ? (frozen ? '1' : '0') : frozen ? 'FROZEN' : 'THAWED');
  };
  return {
    freeze: () => set(true),
    thaw: () => set(false),
    isFrozen() {
      if (!existsSync(path)) return false;
      // FREEZING: on its way, which the kernel does by itself.
      return /^(1|FROZEN|FREEZING)$/.test(readFileSync(file(), 'utf8').trim());
    },
    kill(containerId) {
      for (const group of globSync(`*${containerId}*`, { cwd: path })) for (const pid of processesIn(join(path, group))) killProcess(pid);
    },
    killAll() {
      for (const pid of processesIn(path)) killProcess(pid);
    },
    isEmpty: () => processesIn(path).length === 0,
  };
}

/** A group may hold groups. */
const processesIn = (group: string): number[] => globSync(`**/${processes}`, { cwd: group }).flatMap((list) => listed(join(group, list)));

/** A group that is gone holds nothing. */
function listed(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENODEV')) return [];
    throw error;
  }
}

/** It may be gone before its turn. Number 0 is a process of a namespace that is not seen from here, and to `kill` the caller's own group. */
function killProcess(pid: number): void {
  if (pid === 0) throw new Error('fenced work cannot be ended: the agent does not run in the process namespace of the container engine');
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Takes the cgroup away when nothing is in it. */
export function removeCgroup(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EBUSY' || error.code === 'ENOTEMPTY')))
      throw error;
  }
}
