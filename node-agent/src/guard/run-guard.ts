import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { bootMs, type Fence, fence } from './fence.ts';
import { freezer } from './freezer.ts';
import { guardFiles, jsonLines, type ToAgent } from './guard-files.ts';
import { keepAgent } from './keep-agent.ts';
import { nodeFlags } from './node-flags.ts';

/**
 * The guard: starts the agent, starts it again, and freezes fenced work when the agent has not reached the server in time. It speaks
 * to nobody else, and knows nothing of containers.
 */

const checkMs = 100;
const args = process.argv.slice(2);
const flag = (name: string): string | undefined => {
  const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  return at < 0 ? undefined : (args[at]?.split('=')[1] ?? args[at + 1]);
};
const files = guardFiles(flag('dir') ?? '/var/lib/river/node');
const adopted = process.env.RIVER_ADOPTED_AGENT;

mkdirSync(files.run, { recursive: true, mode: 0o700 });
const sockets = new Set<Socket>();
let held: Fence | undefined;
let told: boolean | undefined;

const isFrozen = () => held?.isFrozen ?? true;
const tell = (socket: Socket) => socket.write(`${JSON.stringify({ isFrozen: isFrozen() } satisfies ToAgent)}\n`);
const tellAll = () => {
  if (told === isFrozen()) return;
  told = isFrozen();
  for (const socket of sockets) tell(socket);
};
const hold = (path: string | undefined) => {
  if (path !== undefined) held = fence({ nowMs: () => bootMs(), freezer: freezer(path) });
};
const hear = (message: unknown, socket: Socket) => {
  if (typeof message !== 'object' || message === null) return;
  if ('fenced' in message && !held) hold(files.readFenced());
  if ('renewedMs' in message && typeof message.renewedMs === 'number') held?.renewed(message.renewedMs);
  if ('freeze' in message) {
    held?.expire();
    tell(socket);
  }
  tellAll();
};

hold(files.readFenced());
setInterval(() => {
  held?.check();
  tellAll();
}, checkMs);

if (await answers(files.socket)) {
  process.stderr.write(`river agent: another one runs in ${files.run}\n`);
  process.exit(2);
}
rmSync(files.socket, { force: true });
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
  jsonLines(socket, (message) => hear(message, socket));
  tell(socket);
});
server.listen(files.socket, () => {
  chmodSync(files.socket, 0o600);
  writeFileSync(files.identity, JSON.stringify({ pid: process.pid, start: ownStart() }), { mode: 0o600 });
  const agent = keepAgent({
    command: [process.execPath, ...nodeFlags, join(import.meta.dirname, '../agent/main.ts'), ...args],
    adopted: adopted === undefined ? undefined : Number(adopted),
    onOver(code) {
      // Nobody holds the deadline from here on.
      const path = files.readFenced();
      if (path !== undefined) freezer(path).freeze();
      process.exit(code);
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => agent.end());
});

/** A socket that nobody listens on was left behind. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The boot, and when in it this process began: with its number it is unmistakable. */
function ownStart(): string {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
}
