import type { Clock } from '@river/runtime';

/** One run at a time. It begins after whatever else has just arrived, whose lines then go out with it. */
export function draining({ run, onFailure }: { run(): Promise<void>; onFailure(error: unknown, again: () => void): void }): () => void {
  let isRunning = false;
  const go = () =>
    void run().then(
      () => {
        isRunning = false;
      },
      (error) => onFailure(error, go),
    );
  return () => {
    if (isRunning) return;
    isRunning = true;
    setImmediate(go);
  };
}

/** Rings once, some time after it is asked to. */
export function ticking(clock: Pick<Clock, 'after'>, everyMs: number, ring: () => void) {
  let cancel: (() => void) | undefined;
  let isOver = false;
  return {
    soon() {
      if (isOver) return;
      cancel ??= clock.after(everyMs, () => {
        cancel = undefined;
        ring();
      });
    },
    end() {
      isOver = true;
      cancel?.();
    },
  };
}
