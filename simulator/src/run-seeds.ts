import { Worker } from 'node:worker_threads';
import type { Batch } from './run-batch.ts';
import type { Outcome } from './run-seed.ts';

export interface Seeds {
  first: number;
  count: number;
  workers: number;
  isLoud?: boolean;
  /** Ends it early. */
  onOutcome(outcome: Outcome): 'go on' | 'enough';
}

/** Plays many seeds, each by itself, on several cores. */
export async function runSeeds({ first, count, workers, isLoud = false, onOutcome }: Seeds): Promise<void> {
  let next = first;
  let isEnough = false;
  const play = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./run-batch.ts', import.meta.url), { workerData: { isLoud } satisfies Batch });
      const goOn = () => {
        if (isEnough || next >= first + count) return void worker.terminate().then(() => resolve(), reject);
        worker.postMessage(next++);
      };
      worker.on('error', reject);
      worker.on('message', (said: 'ready' | Outcome) => {
        if (said !== 'ready' && !isEnough) isEnough = onOutcome(said) === 'enough';
        goOn();
      });
    });
  await Promise.all(Array.from({ length: Math.min(workers, count) }, play));
}
