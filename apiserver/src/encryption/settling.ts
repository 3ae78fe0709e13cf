import { type Clock, sleep } from '@river/runtime';

/** Work that is done once, and once more whenever it is asked for. */
export interface Settling {
  again(): void;
  /** Nothing was asked for since the work was begun that was last done. */
  isSettled(): boolean;
  /** Does what was asked for until the signal. What fails is tried again. */
  run(signal: AbortSignal): Promise<void>;
}

export interface SettlingDeps {
  settle(signal: AbortSignal): Promise<void>;
  onTrouble(error: unknown): void;
  clock: Clock;
}

const retryMs = 5_000;

export function settling({ settle, onTrouble, clock }: SettlingDeps): Settling {
  let asked = 1;
  let done = 0;
  let wake = () => {};

  const attempt = async (signal: AbortSignal): Promise<void> => {
    const aim = asked;
    try {
      await settle(signal);
      done = aim;
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(error);
      await sleep(clock, retryMs, signal).catch(() => undefined);
    }
  };
  const askedFor = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });

  return {
    again() {
      asked++;
      wake();
    },
    isSettled: () => done === asked,
    async run(signal) {
      while (!signal.aborted) {
        if (done === asked) await askedFor(signal);
        else await attempt(signal);
      }
    },
  };
}
