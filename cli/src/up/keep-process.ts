import { type BoundedLog, openBoundedLog } from './bounded-log.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { startServer } from './start-server.ts';
import { stopProcess } from './stop-process.ts';

export interface KeptProcess {
  /** Ends it. Resolves when it is gone. */
  stop(): Promise<void>;
}

export interface KeepDeps {
  /** For people: `the controllers`. */
  what: string;
  args: readonly string[];
  log: BoundedLog;
  /** Who it is now; told anew at each start. */
  onStart(identity: ProcessIdentity): void;
  /** It serves, at this address; told at each start. */
  onReady?(url: string): void;
  /** Another that does the same by now, started by somebody else: it is watched, and ended, in place of a new one. */
  inItsPlace?(): ProcessIdentity | undefined;
}

const restartAfterMs = 1_000;
const stopGraceMs = 10_000;
const lookMs = 500;

interface Running {
  identity: ProcessIdentity;
  ended: Promise<string>;
}

/** Starts a program that holds nothing which is not written down elsewhere: so whenever it ends it is simply started again. */
export const keepProcess = ({ what, args, log, onStart, onReady, inItsPlace }: KeepDeps): KeptProcess => {
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  const start = (): Running => {
    const started = startServer(args, log, what);
    if (onReady) void started.ready.then(onReady);
    return started;
  };
  const begin = (): Running => {
    const other = inItsPlace?.();
    const next = other ? { identity: other, ended: endOf(other) } : start();
    onStart(next.identity);
    void next.ended.then((how) => {
      log.write(Buffer.from(`${what} ended ${how}\n`));
      if (isStopping) return;
      timer = setTimeout(() => {
        running = begin();
      }, restartAfterMs);
    });
    return next;
  };
  let running = begin();
  return {
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      await stopProcess(running.identity, stopGraceMs);
      await running.ended;
      const other = inItsPlace?.();
      if (other) await stopProcess(other, stopGraceMs);
    },
  };
};

async function endOf(who: ProcessIdentity): Promise<string> {
  while (isAlive(who)) await new Promise((resolve) => setTimeout(resolve, lookMs));
  return 'by itself';
}

/** The same with a log file of its own. */
export const keep = ({ logFile, ...deps }: Omit<KeepDeps, 'log'> & { logFile: string }): KeptProcess => {
  const log = openBoundedLog(logFile);
  const kept = keepProcess({ ...deps, log });
  return { stop: () => kept.stop().finally(log.close) };
};
