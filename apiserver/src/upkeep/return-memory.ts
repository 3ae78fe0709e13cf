import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type Clock, type Logger, sleep } from '@river/runtime';

export interface ReturnMemoryOptions {
  clock: Clock;
  signal: AbortSignal;
  log: Logger;
  residentBytes: () => number;
  /** The part of the time that the event loop was at work, since it was last asked. */
  busyShare: () => number;
  connections: () => Promise<number>;
  /** Whether V8 is to look for garbage by itself, and not only when it needs room. */
  saveMemory: (isWanted: boolean) => void;
  /** Gives freed memory back; false when this system has no way to. */
  trim: () => Promise<boolean>;
}

const lookEveryMs = 10_000;
const worthwhileBytes = 4 * 1024 * 1024;
/** What a crowd took is freed little by little, as its connections end and as V8 gets to them. */
const looksAfterGrowth = 8;
const quietShare = 0.5;
/** With so few connections there is no crowd. */
const fewConnections = 32;

/**
 * After a crowd has left, its memory goes back to the system. What it left in V8's heap would stay there until others need the room,
 * and what was freed between long-lived blocks the C library would keep for ever.
 * A server that has not grown does nothing, and one that stays large is left alone after a while.
 */
export async function returnMemory(options: ReturnMemoryOptions): Promise<void> {
  const { clock, signal, log, residentBytes, busyShare, connections, saveMemory, trim } = options;
  /** Since it last grew. */
  let least = residentBytes();
  let looksLeft = 0;
  let usual = fewConnections;
  let most = 0;
  let isSaving = false;
  while (!signal.aborted) {
    await sleep(clock, lookEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    least = Math.min(least, residentBytes());
    if (residentBytes() - least >= worthwhileBytes) {
      least = residentBytes();
      looksLeft = looksAfterGrowth;
    }
    const connected = await connections();
    if (looksLeft === 0) usual = Math.max(fewConnections, connected);
    most = looksLeft > 0 ? Math.max(most, connected) : 0;
    const haveLeft = connected <= Math.max(usual, most / 2);
    // V8 looks once or twice, and not again until its heap has grown: too early would be in vain.
    const isToSave = busyShare() < quietShare && haveLeft && looksLeft > 0;
    if (isToSave !== isSaving) saveMemory(isToSave);
    isSaving = isToSave;
    if (looksLeft === 0) continue;
    looksLeft--;
    const isPossible = await trim().catch((error) => {
      log.warn('freed memory could not be given back', { error });
      return false;
    });
    if (!isPossible) return;
  }
}

export function busyShare(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

/** In a server that allocates nothing V8 would otherwise believe for ever that it is as busy as it was at its last collection. */
export const saveMemory = (isWanted: boolean): void => setFlagsFromString(isWanted ? '--memory-saver-mode' : '--no-memory-saver-mode');

/** In a thread of its own: it takes milliseconds for each 100 MB. */
export async function trimInWorker(): Promise<boolean> {
  const worker = new Worker(new URL('./trim-worker.ts', import.meta.url), { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const [isPossible] = await once(worker, 'message');
  await worker.terminate();
  return isPossible === true;
}
