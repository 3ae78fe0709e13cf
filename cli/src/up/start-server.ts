import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { BoundedLog } from './bounded-log.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

export interface RunningServer {
  identity: ProcessIdentity;
  /** Its URL, once it serves. Never settles when it ends before that. */
  ready: Promise<string>;
  /** How it ended, in words. */
  ended: Promise<string>;
}

const flushMs = 500;

type Child = ChildProcessByStdio<null, Readable, Readable>;

const readyUrl = (line: string): string | undefined => {
  if (!line.startsWith('{"ready":true')) return undefined;
  const said: { url?: unknown } = JSON.parse(line);
  return typeof said.url === 'string' ? said.url : undefined;
};

const readiness = (child: Child, log: BoundedLog): Promise<string> =>
  new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = readyUrl(line);
      if (url) resolve(url);
      else log.write(Buffer.from(`${line}\n`));
    });
  });

/**
 * Starts the API server, or another program of ours, in a process group of its own, so that Ctrl-C reaches only us and the server ends in order.
 * What it says goes to the log.
 */
export const startServer = (args: readonly string[], log: BoundedLog, what = 'the API server'): RunningServer => {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, name) => {
      const how = name ? `by ${name}` : `with exit code ${code}`;
      child.once('close', () => resolve(how));
      // What it has started may go on and hold its pipes open.
      setTimeout(() => resolve(how), flushMs).unref();
    });
  });
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk));
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (!identity) throw new Error(`${what} could not be started`, { cause: args });
  return { identity, ready: readiness(child, log), ended };
};
