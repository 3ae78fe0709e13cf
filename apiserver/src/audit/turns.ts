import type { Clock } from '@river/runtime';

interface Draining {
  run(): Promise<void>;
  isDue(): boolean;
  onFailure(error: unknown, again: () => void): void;
}

/** One run at a time. It begins after whatever else has just arrived, whose lines then go out with it. */
export function draining({ run, isDue, onFailure }: Draining): () => void {
  let isRunning = false;
  const go = () =>
    void run().then(
      () => {
        isRunning = false;
        // What came after the run had looked for the last time.
        if (isDue()) start();
      },
      (error) => onFailure(error, go),
    );
  const start = () => {
    if (isRunning) return;
    isRunning = true;
    setImmediate(go);
  };
  return start;
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
