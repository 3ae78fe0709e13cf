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
      for (const group of globSync(`*${containerId}*`, { cwd: path })) killGroup(join(path, group));
    },
  };
}

/** A group may hold groups; a process may be gone before its turn. */
function killGroup(group: string): void {
  for (const list of globSync(`**/${processes}`, { cwd: group }))
    for (const pid of readFileSync(join(group, list), 'utf8').split('\n').filter(Boolean)) killProcess(Number(pid));
}

function killProcess(pid: number): void {
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
