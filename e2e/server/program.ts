import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { within } from './eventually.ts';

const keptLog = 200_000;
const graceMs = 10_000;

/** A child process whose words are kept, to be shown when a test fails. */
export interface Program {
  child: ChildProcess;
  pid: number;
  /** What it has said on both streams, the newest part. */
  log(): string;
  /** SIGTERM, and SIGKILL when that takes too long: then it throws. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Children that a test run would leave behind that is cut short. */
const running = new Set<ChildProcess>();
const killAll = () => {
  for (const child of running) child.kill('SIGKILL');
};
process.once('exit', killAll);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    killAll();
    process.kill(process.pid, signal);
  });
}

export function startProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Program {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-keptLog);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.once('error', (error) => {
    text += `${command}: ${error.message}`;
  });
  const end = async (signal: NodeJS.Signals) => {
    if (hasEnded(child)) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await within(`${command} ends after ${signal}`, gone, () => text, graceMs).catch((error) => {
      child.kill('SIGKILL');
      throw error;
    });
  };
  return { child, pid: child.pid ?? 0, log: () => text, stop: () => end('SIGTERM'), kill9: () => end('SIGKILL') };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
