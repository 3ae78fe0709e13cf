import { parentPort, workerData } from 'node:worker_threads';
import { runSeed } from './run-seed.ts';
import { prepare } from './server/prepared-store.ts';

/** Plays seeds as it is given them, one after the other, and says what came of each. */
export interface Batch {
  /** What a run consists of line by line is printed, too. */
  isLoud: boolean;
}

const { isLoud }: Batch = workerData;
const port = parentPort;
if (!port) throw new Error('this runs as a worker');
const prepared = await prepare();
port.on('message', async (seed: number) => {
  const failed = (error: unknown) => ({
    ...{ seed, digest: '', lines: 0, steps: 0, virtualMs: 0, counts: new Map(), last: [] },
    failure: `the simulator itself fails: ${error instanceof Error ? error.stack : error}`,
  });
  port.postMessage(await runSeed(seed, prepared, isLoud ? (line) => process.stdout.write(`${line}\n`) : undefined).catch(failed));
});
port.postMessage('ready');
