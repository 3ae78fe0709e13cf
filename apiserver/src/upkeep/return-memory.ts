import { dlopen } from 'node:ffi';
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { type Clock, sleep } from '@river/runtime';

export interface ReturnMemoryOptions {
  clock: Clock;
  signal: AbortSignal;
  residentBytes: () => number;
  /** The part of the time that the event loop was at work, since it was last asked. */
  busyShare: () => number;
  connections: () => Promise<number>;
  /** Whether V8 is to look for garbage by itself, and not only when it needs room. */
  saveMemory: (isWanted: boolean) => void;
  /** Gives freed memory back; false when this system has no way to. */
  trim: () => boolean;
}

const lookEveryMs = 2_000;
const worthwhileBytes = 4 * 1024 * 1024;
/** What a crowd took is freed little by little, as its connections end and as V8 gets to them. */
const looksAfterGrowth = 40;
const quietShare = 0.1;
/** With so few connections there is no crowd. */
const fewConnections = 32;

/**
 * After a crowd has left, its memory goes back to the system. What it left in V8's heap would stay there until others need the room,
 * and what was freed between long-lived blocks the C library would keep for ever.
 * A server that has not grown does nothing, and one that stays large is left alone after a while.
 */
export async function returnMemory(options: ReturnMemoryOptions): Promise<void> {
  const { clock, signal, residentBytes, busyShare, connections, saveMemory, trim } = options;
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
    if (!trim()) return;
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

/** Asks the C library to give back to the system what it keeps of freed memory; says whether it knows how to. At worst 30 ms, for each 100 MB. */
export function trim(): boolean {
  try {
    const { functions } = dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    functions.malloc_trim(0n);
    return true;
  } catch {
    // Only glibc has it.
    return false;
  }
}
