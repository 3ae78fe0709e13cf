import type { Clock } from '../clock/clock.ts';

/**
 * Does long work a little at a time: at most `turnMs` of it, then whoever else needs the event loop has a turn.
 * A step does a small part and says whether that was the last; work that was added first is finished first.
 */
export type Turns = (step: () => boolean) => void;

export function turns(clock: Pick<Clock, 'monotonicMs' | 'after'>, turnMs: number): Turns {
  const waiting: (() => boolean)[] = [];
  let endsAtMs = Number.NEGATIVE_INFINITY;
  let isResting = false;
  let isWorking = false;

  const rest = () => {
    isResting = true;
    clock.after(0, () => {
      isResting = false;
      work();
    });
  };
  const doNext = (step: () => boolean) => {
    let isDone = true;
    try {
      isDone = step();
    } finally {
      if (isDone) waiting.shift();
    }
  };
  const work = () => {
    if (clock.monotonicMs() >= endsAtMs) endsAtMs = clock.monotonicMs() + turnMs;
    isWorking = true;
    try {
      for (let step = waiting[0]; step && clock.monotonicMs() < endsAtMs; step = waiting[0]) doNext(step);
    } finally {
      isWorking = false;
      if (waiting.length > 0 || clock.monotonicMs() >= endsAtMs) rest();
    }
  };
  return (step) => {
    waiting.push(step);
    if (!isResting && !isWorking) work();
  };
}
