import { stat } from 'node:fs/promises';
import { type Clock, type KeyRing, readKeyRing, sleep } from '@river/runtime';

export interface FollowOptions {
  file: string;
  clock: Clock;
  signal: AbortSignal;
  /** The file as it is now: once soon after the start, and once for each change of it. */
  onRing(ring: KeyRing): Promise<void>;
  onTrouble(error: unknown): void;
}

const lookEveryMs = 1_000;

/** Reads the key ring again when its file has changed, however it came there. */
export async function followKeyRing({ file, clock, signal, onRing, onTrouble }: FollowOptions): Promise<void> {
  let seen = '';
  while (!signal.aborted) {
    await sleep(clock, lookEveryMs, signal).catch(() => undefined);
    const now = await fingerprint(file);
    if (now === seen || signal.aborted) continue;
    seen = now;
    try {
      await onRing(readKeyRing(file));
    } catch (error) {
      onTrouble(error);
    }
  }
}

async function fingerprint(file: string): Promise<string> {
  try {
    const { ino, size, mode, mtimeNs } = await stat(file, { bigint: true });
    return [ino, size, mode, mtimeNs].join();
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}
