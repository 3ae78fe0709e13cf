import type { Clock } from '../clock/clock.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import type { Random } from '../random/random.ts';
import { type Backoff, backoffMs } from './backoff.ts';
import { keyTimers } from './key-timers.ts';

export interface WorkQueueOptions {
  /** Does the work of one key. Returns the monotonic time at which it wants to be called again without cause, if any. */
  run: (key: string, signal: AbortSignal) => Promise<number | undefined>;
  /** Ends the queue: nothing new starts, and what runs is told. */
  signal: AbortSignal;
  clock: Clock;
  random: Random;
  /** Keys worked on at once. Default 8. */
  parallelism?: number;
  backoff?: Backoff;
  log?: Logger;
}

/**
 * Work by key: never twice at once for one key, however often it is added; a failure is tried again later and later.
 * Holds each key once, so it is never larger than the number of things there are.
 */
export interface WorkQueue {
  add(key: string): void;
  /** At a monotonic time. A key has one such time: the earliest asked for since it last ran. */
  addAt(key: string, atMs: number): void;
  /** Forgets a key's timer and failures, for things that are gone. What runs goes on. */
  forget(key: string): void;
  /** Keys that wait for their turn now; timers are not counted. */
  readonly waiting: number;
  readonly running: number;
  /** Resolves when nothing waits and nothing runs; timers are not waited for. */
  idle(): Promise<void>;
}

const defaultBackoff: Backoff = { baseMs: 100, maxMs: 60_000 };

export function workQueue(options: WorkQueueOptions): WorkQueue {
  const { run, signal, clock, random, parallelism = 8, backoff = defaultBackoff, log = silentLogger } = options;
  const ready = new Set<string>();
  const running = new Set<string>();
  const timers = keyTimers(clock, (key) => add(key));
  const failures = new Map<string, number>();
  let idlers: (() => void)[] = [];

  const add = (key: string) => {
    if (signal.aborted) return;
    timers.drop(key);
    ready.add(key);
    fill();
  };
  const addAt = (key: string, atMs: number) => {
    if (!signal.aborted) timers.set(key, atMs);
  };
  const fill = () => {
    for (const key of ready) {
      if (running.size >= parallelism) return;
      // Added again while it runs: its turn comes when that run ends.
      if (!running.has(key)) void work(key);
    }
  };
  const work = async (key: string) => {
    ready.delete(key);
    running.add(key);
    try {
      const againMs = await run(key, signal);
      failures.delete(key);
      if (againMs !== undefined) addAt(key, againMs);
    } catch (error) {
      if (!signal.aborted) retry(key, error);
    }
    running.delete(key);
    fill();
    if (ready.size === 0 && running.size === 0) wakeIdlers();
  };
  const retry = (key: string, error: unknown) => {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    const delayMs = backoffMs(count, error, backoff, random);
    log.warn('work failed and will be tried again', { key, failures: count, delayMs, error });
    addAt(key, clock.monotonicMs() + delayMs);
  };
  const wakeIdlers = () => {
    const waiting = idlers;
    idlers = [];
    for (const wake of waiting) wake();
  };
  const stop = () => {
    ready.clear();
    timers.clear();
    if (running.size === 0) wakeIdlers();
  };
  signal.addEventListener('abort', stop, { once: true });

  return {
    add,
    addAt,
    forget(key) {
      ready.delete(key);
      timers.drop(key);
      failures.delete(key);
    },
    get waiting() {
      return ready.size;
    },
    get running() {
      return running.size;
    },
    idle: () => (ready.size === 0 && running.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  };
}
