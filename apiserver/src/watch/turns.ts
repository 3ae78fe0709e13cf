import type { Clock } from '@river/runtime';

/**
 * Does long work a little at a time: at most `turnMs` of it, then whoever else needs the event loop has a turn.
 * A step does a small part and says whether that was the last; work that was added first is finished first.
 */
export type Turns = (step: () => boolean) => void;

export function turns(clock: Pick<Clock, 'monotonicMs' | 'after'>, turnMs: number): Turns {
  const waiting: (() => boolean)[] = [];
  let endsAtMs = Number.NEGATIVE_INFINITY;
  let isResting = false;

  const rest = () => {
    isResting = true;
    clock.after(0, () => {
      isResting = false;
      work();
    });
  };
  const work = () => {
    if (clock.monotonicMs() >= endsAtMs) endsAtMs = clock.monotonicMs() + turnMs;
    for (let step = waiting[0]; step; step = waiting[0]) {
      if (step()) waiting.shift();
      if (clock.monotonicMs() >= endsAtMs) return rest();
    }
  };
  return (step) => {
    waiting.push(step);
    if (!isResting && waiting.length === 1) work();
  };
}
