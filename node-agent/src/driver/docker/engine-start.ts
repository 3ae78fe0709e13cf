import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * When the engine behind a socket was started. One that makes its socket itself makes it then; where the system holds the socket for it,
 * as Debian's does, the file with its process id beside it is as old.
 */
export function engineStartMs(socketPath: string): number | undefined {
  const times = [socketPath, pidFileBeside(socketPath)].flatMap((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

function pidFileBeside(socketPath: string): string {
  try {
    return join(realpathSync(dirname(socketPath)), 'docker.pid');
  } catch {
    return join(dirname(socketPath), 'docker.pid');
  }
}
