import { type Clock, type Logger, sleep } from '@river/runtime';

export interface KeepingLease {
  lease: { renew(): Promise<void> };
  clock: Clock;
  /** The machine's time since its start. */
  bootMs: () => number;
  /** A renewal that was sent then, or later, has been taken. */
  onRenewed: (sentMs: number) => Promise<void>;
  log: Logger;
  signal: AbortSignal;
}

const everyMs = 3_000;

/** Renews the lease of this node every three seconds for as long as it lives. What fails is tried again at the next turn. */
export async function keepLease({ lease, clock, bootMs, onRenewed, log, signal }: KeepingLease): Promise<void> {
  let isTold = false;
  while (!signal.aborted) {
    const startMs = clock.monotonicMs();
    try {
      const sentMs = bootMs();
      await lease.renew();
      await onRenewed(sentMs);
      isTold = false;
    } catch (error) {
      if (signal.aborted) return;
      log[isTold ? 'debug' : 'warn']('the lease of this node could not be renewed', { error });
      isTold = true;
    }
    await sleep(clock, Math.max(0, everyMs - (clock.monotonicMs() - startMs)), signal).catch(() => {});
  }
}
