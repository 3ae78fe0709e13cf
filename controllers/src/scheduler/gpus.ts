import type { NodeState } from './ledger.ts';
import type { GpuAsk, GpuFacts } from './snapshot.ts';

/** Whether it is as asked for, whoever holds it. A slice is never given where nobody named it. */
export const isAsAsked = (gpu: GpuFacts, ask: GpuAsk): boolean =>
  gpu.isUsable &&
  gpu.memoryBytes >= ask.memoryBytes &&
  (ask.model === undefined ? !gpu.isSlice || ask.indexes !== undefined : gpu.model.includes(ask.model)) &&
  (ask.indexes === undefined || ask.indexes.includes(gpu.index));

export const isFreeGpu = (state: NodeState, gpu: GpuFacts): boolean => (state.gpuHolds.get(gpu.index) ?? 0) === 0;

export function countFreeGpus(state: NodeState): number {
  let count = 0;
  for (const gpu of state.facts.gpus) if (gpu.isUsable && isFreeGpu(state, gpu)) count++;
  return count;
}

/** Where a GPU sits: neighbours in this order are near each other. */
const seat = (gpu: GpuFacts): string => gpu.pciAddress ?? '';

/**
 * So many of these, near each other: from one NUMA node, the one in `preferred` first, then the one that has the fewest to spare;
 * when none has enough, from as few as possible. Inside one, those whose seats lie closest together.
 */
export function nearestGpus(free: readonly GpuFacts[], count: number, preferred: ReadonlySet<number>): GpuFacts[] {
  const groups = [...Map.groupBy(free, (gpu) => gpu.numaNode ?? -1)].map(([numa, gpus]) => ({ numa, gpus }));
  const rank = (numa: number) => (preferred.has(numa) ? 0 : 1);
  const enough = groups
    .filter(({ gpus }) => gpus.length >= count)
    .sort((a, b) => rank(a.numa) - rank(b.numa) || a.gpus.length - b.gpus.length || a.numa - b.numa);
  if (enough[0]) return closest(enough[0].gpus, count);
  groups.sort((a, b) => rank(a.numa) - rank(b.numa) || b.gpus.length - a.gpus.length || a.numa - b.numa);
  const chosen: GpuFacts[] = [];
  for (const { gpus } of groups) chosen.push(...closest(gpus, Math.min(count - chosen.length, gpus.length)));
  return chosen;
}

function closest(gpus: readonly GpuFacts[], count: number): GpuFacts[] {
  const seated = gpus.toSorted((a, b) => (seat(a) < seat(b) ? -1 : seat(a) > seat(b) ? 1 : a.index - b.index));
  let best = 0;
  let bestSpan = Number.POSITIVE_INFINITY;
  for (let first = 0; first + count <= seated.length; first++) {
    const span = Math.abs((seated[first + count - 1]?.index ?? 0) - (seated[first]?.index ?? 0));
    if (span < bestSpan) [best, bestSpan] = [first, span];
  }
  return seated.slice(best, best + count);
}
