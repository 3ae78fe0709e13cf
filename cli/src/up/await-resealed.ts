import { setTimeout as pause } from 'node:timers/promises';
import type { KeyReport } from '@river/runtime';
import { UpError } from './up-error.ts';

export interface AwaitResealedDeps {
  ask(): Promise<KeyReport>;
  /** The key that everything is to be sealed with. */
  use: string;
  say(line: string): void;
  /** How long nothing may move. */
  patienceMs?: number;
}

const lookEveryMs = 500;

/** Waits until the server has sealed everything with this key, and says how far it is. @throws UpError when it does not get on. */
export const awaitResealed = async ({ ask, use, say, patienceMs = 60_000 }: AwaitResealedDeps): Promise<void> => {
  let last = '';
  let movedMs = performance.now();
  for (;;) {
    const report = await ask();
    const { problem, isSettled } = report;
    if (problem) throw new UpError(`the server has not taken the key ring: ${problem}`);
    if (report.use === use && isSettled) return say('all Secrets are sealed with it');
    const words = report.use === use ? progressOf(report) : 'the server reads the key ring …';
    if (words !== last) {
      say(words);
      last = words;
      movedMs = performance.now();
    }
    if (performance.now() - movedMs > patienceMs)
      throw new UpError(
        `the server has not got on for ${patienceMs / 1000} s (${words}): see its log; what is done stays done, and it goes on by itself`,
      );
    await pause(lookEveryMs);
  }
};

const progressOf = ({ use, plain, keys }: KeyReport): string => {
  const left = plain + keys.reduce((sum, { id, values, isKnown }) => sum + (id === use || !isKnown ? 0 : values), 0);
  return left > 0 ? `${left} Secrets are still to be sealed again …` : 'what they were sealed with before is cleared from the store …';
};
