import { setImmediate as nextTurn } from 'node:timers/promises';

/** Resolves in a turn of the event loop that the caller has for itself: of any number who ask, one goes on in each. */
export type OneByOne = () => Promise<void>;

export function oneByOne(): OneByOne {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => nextTurn());
    return last;
  };
}
