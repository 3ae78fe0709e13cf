import { readdirSync, readFileSync } from 'node:fs';

/** Processes of every namespace below this one whose command line has all these words, by their number here. What only leads into a namespace is none of them. */
export function processesWith(...words: string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((name) => {
      const line = commandOf(name);
      return words.every((word) => line.includes(word)) && !/^(\/usr\/bin\/)?(nsenter|setpriv|unshare)\0/.test(line);
    })
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    // A dead one that nobody has reaped has no command line.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return child === undefined ? undefined : Number(child);
  } catch {
    return undefined;
  }
}
