/** Time as a program may see it. Passed in everywhere, so that a test or the simulator owns it. */
export interface Clock {
  /** Milliseconds that never go backwards; compares only with itself, in this process. */
  monotonicMs(): number;
  /** Milliseconds since 1970, as this machine believes. For people and timestamps, never for deadlines. */
  wallMs(): number;
  /** Calls back once after `delayMs`. The returned function takes that back. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Resolves after `delayMs`; rejects with the signal's reason when that comes first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
