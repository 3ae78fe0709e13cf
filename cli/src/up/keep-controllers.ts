import type { BoundedLog } from './bounded-log.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { startServer } from './start-server.ts';
import { stopProcess } from './stop-process.ts';

export interface KeptControllers {
  /** Ends them. Resolves when they are gone. */
  stop(): Promise<void>;
}

export interface KeepDeps {
  args: readonly string[];
  log: BoundedLog;
  /** Who they are now; told anew at each start. */
  onStart(identity: ProcessIdentity): void;
}

/** They hold nothing that is not in the store, so whenever they end they are simply started again. */
const restartAfterMs = 1_000;
const stopGraceMs = 10_000;

export const keepControllers = ({ args, log, onStart }: KeepDeps): KeptControllers => {
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  const start = () => {
    const started = startServer(args, log, 'the controllers');
    onStart(started.identity);
    void started.ended.then((how) => {
      log.write(Buffer.from(`the controllers ended ${how}\n`));
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
