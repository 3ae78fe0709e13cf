import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Clock, type Logger, sleep } from '@river/runtime';
import { freezer } from '../guard/freezer.ts';
import { guardFiles, jsonLines, type ToGuard } from '../guard/guard-files.ts';

export interface GuardLinkDeps {
  dir: string;
  /** What a guard is started with: the agent's own words. */
  args: readonly string[];
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

export interface GuardLink {
  /** Without a guard it is frozen. */
  readonly isFrozen: boolean;
  send(message: ToGuard): void;
  /** Resolves when fenced work stands still and the guard knows that it is to, until the next renewal. */
  freeze(): Promise<void>;
  onChange(call: (isFrozen: boolean) => void): void;
}

const againMs = 100;
/** A guard that was started has so long to answer before another is. */
const patienceMs = 5_000;

/** Talks to the guard. One that is gone is started anew, and until it answers fenced work stands still: frozen from here. */
export function guardLink({ dir, args, clock, log, signal }: GuardLinkDeps): GuardLink {
  const files = guardFiles(dir);
  const listeners = new Set<(isFrozen: boolean) => void>();
  let socket: Socket | undefined;
  let isFrozen = true;
  let quietUntilMs = 0;
  const asking = new Set<() => void>();
  const send = (message: ToGuard) => void socket?.write(`${JSON.stringify(message)}\n`);
  const change = (to: boolean) => {
    if (to === isFrozen) return;
    isFrozen = to;
    log[to ? 'warn' : 'info'](to ? 'fenced work stands still' : 'fenced work goes on');
    for (const listener of listeners) listener(to);
  };
  const freezeHere = () => {
    const path = files.readFenced();
    if (path !== undefined) freezer(path).freeze();
    change(true);
  };
  const startGuard = () => {
    if (clock.monotonicMs() < quietUntilMs) return;
    quietUntilMs = clock.monotonicMs() + patienceMs;
    log.warn('there is no guard: one is started');
    const env = { ...process.env, RIVER_ADOPTED_AGENT: String(process.pid) };
    spawn(process.execPath, [join(import.meta.dirname, '../guard/main.ts'), ...args], { detached: true, stdio: 'inherit', env }).unref();
  };
  const dial = () => {
    const link = connect(files.socket);
    link.on('connect', () => {
      socket = link;
      if (asking.size > 0) send({ freeze: true });
    });
    link.on('error', () => {});
    link.on('close', () => {
      socket = undefined;
      if (signal.aborted) return;
      freezeHere();
      startGuard();
      sleep(clock, againMs, signal).then(dial, () => {});
    });
    jsonLines(link, (message) => {
      if (typeof message !== 'object' || message === null || !('isFrozen' in message)) return;
      change(message.isFrozen !== false);
      if (isFrozen) for (const answer of asking) answer();
    });
  };
  dial();
  signal.addEventListener('abort', () => socket?.destroy(), { once: true });
  return {
    get isFrozen() {
      return isFrozen;
    },
    send,
    async freeze() {
      freezeHere();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const late = clock.after(patienceMs, () => reject(new Error('the guard does not answer')));
      asking.add(resolve);
      send({ freeze: true });
      await promise.finally(() => {
        late();
        asking.delete(resolve);
      });
    },
    onChange: (call) => listeners.add(call),
  };
}
