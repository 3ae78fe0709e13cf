import type { Binding, Holder, Pending, Snapshot } from '../snapshot.ts';

/** What a pending one is once it has been bound. */
export function boundHolder(pending: Pending, binding: Binding, nowMs: number): Holder {
  const { key, namespace, queue, priority, gang, ask } = pending;
  return {
    ...{ key, namespace, priority, node: binding.node, cores: binding.cores, gpus: binding.gpus.map(({ index }) => index) },
    ...{ cpuMillis: ask.cpuMillis, memoryBytes: ask.memoryBytes, storageBytes: ask.storageBytes },
    ...{ startedMs: nowMs, longestMs: ask.longestMs, expectedMs: ask.expectedMs, graceMs: 1000, isLeaving: false, mayBeEvicted: true },
    ...(queue !== undefined && { queue }),
    ...(gang && { gang }),
    ...(binding.numaNode !== undefined && { numaNode: binding.numaNode }),
  };
}

/** The cluster after the bindings have come true. */
export function afterBindings(snapshot: Snapshot, bindings: readonly Binding[], nowMs: number): Snapshot {
  const bound = new Map(bindings.map((binding) => [binding.key, binding]));
  return {
    ...snapshot,
    pending: snapshot.pending.filter(({ key }) => !bound.has(key)),
    holders: [
      ...snapshot.holders,
      ...snapshot.pending.flatMap((pending) => {
        const binding = bound.get(pending.key);
        return binding ? [boundHolder(pending, binding, nowMs)] : [];
      }),
    ],
  };
}
