/** The p-th percentile (0–100) of some measurements; NaN of none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? sorted[0] ?? Number.NaN;
}

export const round = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100);

export interface LoopFigures {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  count: number;
}

/** Does `count` things, as many at once as there are workers, each worker starting its next when its last is done. */
export async function closedLoop<W>(
  workers: readonly W[],
  count: number,
  work: (worker: W, at: number) => Promise<void>,
): Promise<LoopFigures> {
  const tookMs: number[] = [];
  let next = 0;
  const startMs = performance.now();
  const run = async (worker: W) => {
    while (next < count) {
      const at = next++;
      const beganMs = performance.now();
      await work(worker, at);
      tookMs.push(performance.now() - beganMs);
    }
  };
  await Promise.all(workers.map(run));
  const seconds = (performance.now() - startMs) / 1_000;
  return { perSecond: round(count / seconds), p50Ms: round(percentile(tookMs, 50)), p99Ms: round(percentile(tookMs, 99)), count };
}

/** Waits for a condition; false when it did not come true in time. */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs: number, everyMs = 5): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  while (performance.now() < deadlineMs) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return false;
}
