import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface KeepingAgent {
  command: readonly string[];
  /** An agent that runs already, whose guard died. */
  adopted: number | undefined;
  /** It ended for good: with this code the guard ends, too. */
  onOver: (code: number) => void;
}

const pollMs = 500;
const shortestMs = 250;
const longestMs = 10_000;
/** It was asked to end, or was called wrongly: starting it again would not help. */
const finalCodes = [0, 2];

/** Starts the agent again whenever it dies, later and later while it does so at once. */
export function keepAgent({ command, adopted, onOver }: KeepingAgent) {
  let child: ChildProcess | undefined;
  let pid = adopted;
  let isEnding = false;
  let delayMs = shortestMs;
  const start = () => {
    const [program = '', ...args] = command;
    const startedMs = performance.now();
    child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    pid = child.pid;
    child.once('error', () => again());
    child.once('exit', (code) => {
      pid = undefined;
      if (isEnding || (code !== null && finalCodes.includes(code))) return onOver(code ?? 1);
      delayMs = performance.now() - startedMs > longestMs ? shortestMs : Math.min(longestMs, delayMs * 2);
      again();
    });
  };
  const again = () => {
    if (!isEnding) setTimeout(start, delayMs);
  };
  const watchAdopted = (adoptedPid: number, since: string | undefined) => {
    if (since !== undefined && startOf(adoptedPid) === since) return void setTimeout(() => watchAdopted(adoptedPid, since), pollMs);
    if (isEnding) return onOver(0);
    start();
  };
  if (adopted === undefined) start();
  else watchAdopted(adopted, startOf(adopted));
  return {
    end() {
      isEnding = true;
      if (pid === undefined) return onOver(0);
      process.kill(pid, 'SIGTERM');
    },
  };
}

/** When a process began, which its number alone does not tell. A dead one that nobody has reaped is gone. */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
