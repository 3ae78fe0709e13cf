import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What agent and guard share, in the agent's folder. */
export const guardFiles = (dir: string) => {
  const run = join(dir, 'run');
  const fenced = join(run, 'fenced-cgroup');
  return {
    run,
    socket: join(run, 'guard.sock'),
    fenced,
    /** Which process is the guard, for who is to end it. */
    identity: join(run, 'guard.json'),
    /** Where fenced work is; nothing before the first agent has said so, and then there is none. */
    readFenced: () => (existsSync(fenced) ? readFileSync(fenced, 'utf8').trim() : undefined),
  };
};

/** A line of the talk between the two. */
export type ToGuard = { renewedMs: number } | { fenced: string } | { freeze: true };
export interface ToAgent {
  isFrozen: boolean;
}

/** Whole lines of a socket, each JSON; one that is too long ends it. */
export function jsonLines(socket: NodeJS.ReadableStream & { destroy(): void }, take: (message: unknown) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > 4096) return socket.destroy();
    for (const line of lines) if (line !== '') take(JSON.parse(line));
  });
}
