import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Clock, type Logger, sleep } from '@river/runtime';

export interface ReturnMemoryOptions {
  clock: Clock;
  signal: AbortSignal;
  log: Logger;
  residentBytes: () => number;
  /** Gives freed memory back; false when this system has no way to. */
  trim: () => Promise<boolean>;
}

const lookEveryMs = 15_000;
const worthwhileBytes = 4 * 1024 * 1024;
/** What a crowd took is freed little by little, as its connections end and as V8 gets to them. */
const looksAfterGrowth = 6;

/**
 * After a crowd has left, its memory goes back to the system: what was freed between long-lived blocks the C library would keep for ever.
 * A server that has not grown does nothing, and one that stays large is left alone after a while.
 */
export async function returnMemory({ clock, signal, log, residentBytes, trim }: ReturnMemoryOptions): Promise<void> {
  /** Since it last grew. */
  let least = residentBytes();
  let looksLeft = 0;
  while (!signal.aborted) {
    await sleep(clock, lookEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    least = Math.min(least, residentBytes());
    if (residentBytes() - least >= worthwhileBytes) {
      least = residentBytes();
      looksLeft = looksAfterGrowth;
    }
    if (looksLeft === 0) continue;
    looksLeft--;
    const isPossible = await trim().catch((error) => {
      log.warn('freed memory could not be given back', { error });
      return false;
    });
    if (!isPossible) return;
  }
}

/** In a thread of its own: it takes milliseconds for each 100 MB. */
export async function trimInWorker(): Promise<boolean> {
  const worker = new Worker(new URL('./trim-worker.ts', import.meta.url), { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const [isPossible] = await once(worker, 'message');
  await worker.terminate();
  return isPossible === true;
}
