import { type BoundedLog, openBoundedLog } from './bounded-log.ts';
import type { ProcessIdentity } from './process-identity.ts';
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
}

const restartAfterMs = 1_000;
const stopGraceMs = 10_000;

/** Starts a program that holds nothing which is not written down elsewhere: so whenever it ends it is simply started again. */
export const keepProcess = ({ what, args, log, onStart, onReady }: KeepDeps): KeptProcess => {
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  const start = () => {
    const started = startServer(args, log, what);
    onStart(started.identity);
    if (onReady) void started.ready.then(onReady);
    void started.ended.then((how) => {
      log.write(Buffer.from(`${what} ended ${how}\n`));
      if (!isStopping) timer = setTimeout(begin, restartAfterMs);
    });
    return started;
  };
  const begin = () => {
    running = start();
  };
  let running = start();
  return {
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      await stopProcess(running.identity, stopGraceMs);
      await running.ended;
    },
  };
};

/** The same with a log file of its own. */
export const keep = ({ logFile, ...deps }: Omit<KeepDeps, 'log'> & { logFile: string }): KeptProcess => {
  const log = openBoundedLog(logFile);
  const kept = keepProcess({ ...deps, log });
  return { stop: () => kept.stop().finally(log.close) };
};
