import type { Clock } from '@river/runtime';

interface Draining {
  run(): Promise<void>;
  isDue(): boolean;
  onFailure(error: unknown, again: () => void): void;
}

/** One run at a time. It begins at once, beside what is done next; what comes meanwhile goes out with the next. */
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
    go();
  };
  return start;
}

/** Runs once at the end of the turn in which it is asked to. */
export function atEndOfTurn(run: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    setImmediate(() => {
      isAsked = false;
      run();
    });
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
