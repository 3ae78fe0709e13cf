import { closeSync, globSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import type { OutputPipe } from '../../output/rescue-output.ts';

/**
 * The pipes to the engine of those containers that have a cgroup in one of `groups`. Each container has a shim, which holds them and
 * goes on while the engine is away. What ends while this looks is left out.
 */
export function outputPipes(groups: readonly string[], proc = '/proc'): OutputPipe[] {
  return readdirSync(proc)
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((pid) => {
      const id = containerOf(`${proc}/${pid}`);
      return id !== undefined && isIn(groups, id) ? pipesOf(`${proc}/${pid}/fd`, id) : [];
    });
}

function containerOf(process: string): string | undefined {
  try {
    const words = beginningOf(`${process}/cmdline`).split('\0');
    const id = words[words.indexOf('-id') + 1];
    return words[0]?.includes('containerd-shim') && /^[0-9a-f]{64}$/.test(id ?? '') ? id : undefined;
  } catch {
    return undefined;
  }
}

/** A workload may give its programs words without end; a shim has few. */
function beginningOf(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(4_096);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

const isIn = (groups: readonly string[], id: string): boolean => groups.some((group) => globSync(`*${id}*`, { cwd: group }).length > 0);

function pipesOf(descriptors: string, containerId: string): OutputPipe[] {
  const found = new Map<string, OutputPipe>();
  for (const path of listed(descriptors).map((name) => `${descriptors}/${name}`)) {
    const stream = streamOf(path, containerId);
    if (stream !== undefined) found.set(stream, { containerId, stream, path });
  }
  return [...found.values()];
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Not those of a program that somebody runs beside the workload. */
function streamOf(path: string, id: string): OutputPipe['stream'] | undefined {
  try {
    const target = readlinkSync(path);
    if (target.endsWith(`/${id}/init-stdout`)) return 'stdout';
    return target.endsWith(`/${id}/init-stderr`) ? 'stderr' : undefined;
  } catch {
    return undefined;
  }
}
