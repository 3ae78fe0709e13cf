import { globSync, rmdirSync } from 'node:fs';
import { cgroupPath, freezer } from '@river/node-agent/testing';

const root = '/sys/fs/cgroup';

/** The cgroups of one node's workloads: all nodes share the kernel's one tree. */
export interface Cgroups {
  name: string;
  isFenceFrozen(): boolean;
  /** So that what was killed while it was frozen can end: a power cut asks no freezer. */
  thaw(): void;
  remove(): void;
}

export function cgroupsOf(name: string): Cgroups {
  const fenced = freezer(cgroupPath(`/${name}-fenced`, 'cgroupfs'));
  return {
    name,
    isFenceFrozen: fenced.isFrozen,
    thaw() {
      if (!fenced.isEmpty()) fenced.thaw();
    },
    remove() {
      const groups = globSync([`${root}/{${name},${name}-fenced}{,/**}/`, `${root}/*/{${name},${name}-fenced}{,/**}/`]);
      for (const group of groups.sort((a, b) => b.length - a.length)) removeEmpty(group);
    },
  };
}

function removeEmpty(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // Somebody is still in it, or it is gone; an empty group costs nothing.
  }
}
