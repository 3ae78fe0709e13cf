import type { Turns } from '@river/runtime';
import type { Member } from './watch-member.ts';

/** Chunks on their way to watchers, each to those who were there when it was made, in order, a few watchers at a time. */
export interface Deliveries {
  add(chunk: Buffer, to: readonly Member[]): void;
  areDone(): boolean;
  /** All that is under way, now. */
  finish(): void;
}

const membersAtOnce = 8;
/** With so many chunks under way the watchers cannot be served as fast as is written: then writers have to wait. */
const mostUnderWay = 64;

export function deliveries(turns: Turns, onDone: () => void): Deliveries {
  const underWay: { chunk: Buffer; to: readonly Member[]; next: number }[] = [];

  const deliverSome = (): boolean => {
    const [first] = underWay;
    if (!first) return true;
    const { chunk, to, next } = first;
    for (const member of to.slice(next, next + membersAtOnce)) member.send(chunk);
    first.next += membersAtOnce;
    if (first.next < to.length) return false;
    underWay.shift();
    if (underWay.length > 0) return false;
    onDone();
    return true;
  };
  return {
    add(chunk, to) {
      underWay.push({ chunk, to, next: 0 });
      if (underWay.length === 1) turns(deliverSome);
      while (underWay.length > mostUnderWay) deliverSome();
    },
    areDone: () => underWay.length === 0,
    finish() {
      while (underWay.length > 0) deliverSome();
    },
  };
}
