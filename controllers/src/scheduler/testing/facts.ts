import type { Ask, GpuFacts, Holder, NodeFacts, Pending, QueueFacts, Snapshot } from '../snapshot.ts';

export const gib = 1024 ** 3;

export const gpuFacts = (index: number, some: Partial<GpuFacts> = {}): GpuFacts => ({
  ...{ index, model: 'nvidia h200', memoryBytes: 141 * gib, isUsable: true, isSlice: false },
  ...some,
});

type NodeChoice = Partial<Omit<NodeFacts, 'allocatable'>> & { cpu?: number; memoryGib?: number; storageGib?: number };

export function nodeFacts(name: string, { cpu = 8, memoryGib = 32, storageGib = 100, ...some }: NodeChoice = {}): NodeFacts {
  const gpus = some.gpus ?? [];
  return {
    ...{ name, labels: {}, taints: [], isReady: true, isCordoned: false, numa: [] },
    ...some,
    gpus,
    allocatable: {
      ...{ cpuMillis: cpu * 1000, memoryBytes: memoryGib * gib, storageBytes: storageGib * gib },
      gpus: gpus.filter(({ isUsable }) => isUsable).length,
    },
  };
}

export type AskChoice = Partial<Omit<Ask, 'shape' | 'cpuMillis' | 'memoryBytes'>> & { cpu?: number; memoryGib?: number };

export function askFor({ cpu = 1, memoryGib = 0, ...some }: AskChoice = {}): Ask {
  const longestMs = some.longestMs ?? Number.POSITIVE_INFINITY;
  const { expectedMs = longestMs, ...rest } = some;
  const room = {
    ...{ cpuMillis: cpu * 1000, memoryBytes: memoryGib * gib, storageBytes: 0, targets: [], nodeSelector: [], tolerations: [] },
    ...rest,
  };
  return { ...room, longestMs, expectedMs, shape: JSON.stringify({ ...room, longestMs: 0 }) };
}

type PendingChoice = AskChoice & Partial<Omit<Pending, 'key' | 'ask'>>;

export function pendingOf(name: string, choice: PendingChoice = {}): Pending {
  const { namespace = 'lab', queue, priority = 0, gang, createdMs = 0, mayPreempt = true, ...ask } = choice;
  return {
    ...{ key: `${namespace}/${name}`, namespace, priority, createdMs, mayPreempt, ask: askFor(ask) },
    ...(queue !== undefined && { queue }),
    ...(gang && { gang }),
  };
}

export function holderOf(name: string, node: string, some: Partial<Holder> & { cpu?: number; memoryGib?: number } = {}): Holder {
  const { cpu = 1, memoryGib = 0, namespace = 'lab', ...rest } = some;
  const longestMs = rest.longestMs ?? Number.POSITIVE_INFINITY;
  return {
    ...{ key: `${namespace}/${name}`, namespace, node, priority: 0, cpuMillis: cpu * 1000, memoryBytes: memoryGib * gib, storageBytes: 0 },
    ...{ gpus: [], cores: [], graceMs: 30_000, isLeaving: false, mayBeEvicted: true, expectedMs: longestMs },
    ...rest,
    longestMs,
  };
}

export const queueFacts = (name: string, some: Partial<QueueFacts> = {}): QueueFacts => ({
  ...{ name, weight: 1, namespaces: [], isOpen: some.namespaces === undefined, mayBorrow: true, lends: true, isHeld: false },
  ...some,
});

export const snapshotOf = (some: Partial<Snapshot>): Snapshot => ({
  ...{ nodes: [], holders: [], pending: [], queues: [], usage: {} },
  ...some,
});
