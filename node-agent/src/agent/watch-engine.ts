import { type Clock, type Logger, sleep } from '@river/runtime';
import type { Driver } from '../driver/driver.ts';
import type { RescuedOutput } from '../output/rescue-output.ts';

const watchAgainMs = 500;
const lookForEngineMs = 50;

/** It answers; it is there and does not answer, or not yet; nobody is there. */
export type EngineState = 'answers' | 'busy' | 'away';

export interface WatchingEngine {
  driver: Driver;
  rescued: RescuedOutput;
  askEngine: () => Promise<EngineState>;
  look: (uid?: string) => void;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

/** Tells of what changes for as long as the engine is there, and reads its part of the output while it is not. */
export async function watchEngine({ driver, rescued, askEngine, look, clock, log, signal }: WatchingEngine): Promise<void> {
  const until = async (isRight: (state: EngineState) => boolean): Promise<EngineState> => {
    for (;;) {
      const state = await askEngine();
      if (isRight(state) || signal.aborted) return state;
      await sleep(clock, lookForEngineMs, signal).catch(() => {});
    }
  };
  const holdOutput = async () => {
    const begins = new AbortController();
    const held = rescued
      .hold(AbortSignal.any([signal, begins.signal]))
      .catch((error) => log.warn('what is said while the container engine is away may be lost', { error }));
    await until((state) => state !== 'away');
    begins.abort();
    await held;
  };
  while (!signal.aborted) {
    // What it fails with is told by the node's condition.
    await driver.watch(look, signal).catch(() => {});
    // While it is only slow, its pipes are its own.
    if ((await askEngine()) === 'away') await holdOutput();
    const state = await until((seen) => seen !== 'busy');
    if (state === 'answers') rescued.end();
    await sleep(clock, watchAgainMs, signal).catch(() => {});
  }
}

/** An engine that is away says nothing of what is gone. */
export const sweepRescued = (driver: Driver, rescued: RescuedOutput, signal: AbortSignal): Promise<void> =>
  driver.observe(signal).then(
    (containers) => rescued.keepOnly(containers.map(({ id }) => id)),
    () => {},
  );

/**
 * What was said while the engine was away is shown, and goes, with the rest. And what goes has ended, also when the engine was killed while it
 * started it and knows nothing of its processes.
 */
export const withRescued = (driver: Driver, rescued: RescuedOutput, kill: (containerId: string) => void): Driver => ({
  ...driver,
  async start(id, signal) {
    await driver.start(id, signal);
    rescued.take();
  },
  output: (id, query, signal) => rescued.merge(id, query, (rest) => driver.output(id, rest, signal)),
  async remove(id, signal) {
    kill(id);
    await driver.remove(id, signal);
    rescued.remove(id);
  },
});
