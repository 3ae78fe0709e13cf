import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { CertificateError, KeyRingError } from '@river/runtime';
import { makeDataFolder } from './make-data-folder.ts';
import { parseDown, parseKeys, parseRestore, parseStatus, parseUp, UsageError } from './options.ts';
import { runDown } from './run-down.ts';
import { runKeys } from './run-keys.ts';
import { runRestore } from './run-restore.ts';
import { runStatus } from './run-status.ts';
import { runUp } from './run-up.ts';
import { UpError } from './up-error.ts';

/** The files that are started: the API server's, the controllers', the gateway's, the guard's (which starts the agent), the one that fills the store, and our own for a detached `up`. */
export interface Entries {
  serverEntry: string;
  controllersEntry: string | undefined;
  gatewayEntry: string | undefined;
  agentEntry: string | undefined;
  restoreEntry: string;
  selfEntry: string;
}

/** What a detached `up` tells the one that started it. */
type Message = { say: string } | { done: number };

const now = () => new Date();
const print = (line: string) => void process.stdout.write(`${line}\n`);

const stopOnSignal = (): AbortSignal => {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (name === 'SIGINT' && !controller.signal.aborted) process.stderr.write('stopping …\n');
      controller.abort();
    });
  }
  return controller.signal;
};

/** The other side may have gone: then nobody wants to know. */
const tell = (message: Message): void => {
  if (process.connected) process.send?.(message, () => undefined);
};

/** Inside the detached process: speaks over the channel until it serves, then lets go of it. */
const upDetached = async (args: readonly string[], entries: Entries): Promise<number> => {
  const finish = (code: number) => {
    tell({ done: code });
    if (process.connected) process.disconnect?.();
  };
  try {
    const options = parseUp(args, process.env);
    const code = await runUp(options, { ...entries, now, say: (say) => tell({ say }), stop: stopOnSignal(), onReady: () => finish(0) });
    finish(code);
    return code;
  } catch (error) {
    tell({ say: explain(error) });
    finish(1);
    return 1;
  }
};

const detach = async (args: readonly string[], { selfEntry }: Entries): Promise<number> => {
  const { dir } = parseUp(args, process.env);
  makeDataFolder(dir.root);
  mkdirSync(dir.logs, { recursive: true, mode: 0o700 });
  const log = openSync(dir.upLog, 'w', 0o600);
  const child = spawn(process.execPath, [selfEntry, 'up-detached', ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new UpError(`\`up\` ended early (${signal ?? code}): see ${dir.upLog}`)));
    child.on('message', (message: Message) => {
      if ('say' in message) return print(message.say);
      child.removeAllListeners('exit');
      if (child.connected) child.disconnect();
      child.unref();
      resolve(message.done);
    });
  });
};

const up = (args: readonly string[], entries: Entries): Promise<number> => {
  const options = parseUp(args, process.env);
  if (options.detach) return detach(args, entries);
  return runUp(options, { ...entries, now, say: print, stop: stopOnSignal(), onReady: () => undefined });
};

const commands: Record<string, (args: readonly string[], entries: Entries) => Promise<number>> = {
  up,
  'up-detached': upDetached,
  restore: (args, { restoreEntry }) => runRestore(parseRestore(args, process.env), { restoreEntry, say: print }),
  keys: (args) => runKeys(parseKeys(args, process.env), { say: print, now }),
  down: (args) => runDown(parseDown(args, process.env).dir, print),
  status: (args) => runStatus(parseStatus(args, process.env), print),
};

const explain = (error: unknown): string => {
  if (error instanceof Error && [UpError, UsageError, CertificateError, KeyRingError].some((kind) => error instanceof kind))
    return `river: ${error.message}`;
  if (error instanceof Error && 'code' in error && 'path' in error)
    return `river: ${error.message}: check who may write there, and the room on the disk`;
  return `river: ${error instanceof Error ? error.stack : String(error)}`;
};

/** A reader that has seen enough (`up --detach | head -1`) is no failure, and no reason to end what runs. */
const outliveReaders = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (!('code' in error) || error.code !== 'EPIPE') throw error;
    });
  }
};

/** Runs `up`, `down`, `status`, `keys` or `restore` and sets the process's exit code: 0 fine, 1 failed, 2 not understood, 3 (status) not running. */
export const runCommand = async ([name = '', ...args]: readonly string[], entries: Entries): Promise<void> => {
  outliveReaders();
  try {
    const command = commands[name];
    if (!command) throw new UsageError(`there is no command "${name}"`);
    process.exitCode = await command(args, entries);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
};
