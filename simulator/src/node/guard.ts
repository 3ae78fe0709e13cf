import { type Fence, fence, fenceMs } from '@river/node-agent';
import type { Dice } from '../dice.ts';
import type { Process } from '../time/machine.ts';
import type { Engine } from './engine.ts';

/** The guard of one machine: the real deadline, looked at as often as the real one looks at it. */
export interface Guard {
  readonly process: Process;
  readonly isFrozen: boolean;
  renewed(sentMs: number): void;
  /** What was renewed counts for nothing any more. */
  expire(): void;
  /** Its machine has slept: its timer goes on where it was, and is never further than one turn away. */
  woke(): void;
  onChange(call: (isFrozen: boolean) => void): void;
}

/** How often a guard looks whether the deadline has passed. */
export const checkMs = 100;

export function guard(engine: Engine, dice: Dice): Guard {
  const process = engine.machine.process('guard');
  const listeners: ((isFrozen: boolean) => void)[] = [];
  const held: Fence = fence({ nowMs: engine.machine.bootMs, freezer: engine.freezer });
  let told = true;
  let cancel = () => {};
  const look = () => {
    held.check();
    if (told === held.isFrozen) return;
    told = held.isFrozen;
    for (const call of listeners) call(told);
  };
  // Between two renewals nothing can come of looking before the deadline, so it is looked at again shortly before.
  const lookAfter = (delayMs: number) => {
    cancel();
    cancel = process.after(delayMs, () => {
      look();
      if (!held.isFrozen) lookAfter(checkMs);
    });
  };
  return {
    process,
    get isFrozen() {
      return held.isFrozen;
    },
    renewed(sentMs) {
      held.renewed(sentMs);
      look();
      if (!held.isFrozen) lookAfter(Math.max(0, sentMs + fenceMs - engine.machine.bootMs() - dice.between(0, checkMs)));
    },
    expire() {
      held.expire();
      look();
    },
    woke() {
      if (!held.isFrozen) lookAfter(dice.between(0, checkMs));
    },
    onChange: (call) => void listeners.push(call),
  };
}
