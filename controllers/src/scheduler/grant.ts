import { isAsAsked, isFreeGpu, nearestGpus } from './gpus.ts';
import { coresToPin, freeCoresIn, gpuAskAt, isRoomyZone, type Kept, keptOn, pinnableIn } from './lack.ts';
import type { NodeState, Zone } from './ledger.ts';
import type { Ask, Held, Target } from './snapshot.ts';

/**
 * What an ask gets on a node that has room for it: GPUs near each other, whole cores from one NUMA node, where possible
 * the one of its GPUs; otherwise cores from as few as possible.
 */
export function grantOn(state: NodeState, ask: Ask, target: Target | undefined, untilMs: number): Held {
  const { cpuMillis, memoryBytes, storageBytes } = ask;
  const kept = keptOn(state, untilMs);
  const pin = coresToPin(state.facts, ask);
  const gpus = chooseGpus(state, ask, target, kept);
  const zone = chooseZone(state, ask, target, kept, gpus);
  const isBound = zone !== undefined && (pin > 0 || target?.numa !== undefined);
  return {
    ...{ cpuMillis, memoryBytes, storageBytes, gpus },
    cores: pin === 0 ? [] : zone ? freeCoresIn(state, zone, kept).slice(0, pin) : spreadCores(state, kept, pin),
    ...(isBound && { numaNode: zone.facts.id }),
  };
}

function chooseGpus(state: NodeState, ask: Ask, target: Target | undefined, kept: Kept): number[] {
  const wanted = gpuAskAt(ask, target);
  if (!wanted || wanted.count === 0) return [];
  const free = state.facts.gpus.filter((gpu) => isAsAsked(gpu, wanted) && isFreeGpu(state, gpu) && !kept.gpus.has(gpu.index));
  const near = state.zones.filter((zone) =>
    target?.numa === undefined ? isRoomyZone(state, zone, ask, kept) : zone.facts.id === target.numa,
  );
  const gpus = nearestGpus(free, wanted.count, new Set(near.map(({ facts }) => facts.id)));
  return gpus.map(({ index }) => index).sort((left, right) => left - right);
}

function chooseZone(state: NodeState, ask: Ask, target: Target | undefined, kept: Kept, gpus: readonly number[]): Zone | undefined {
  if (target?.numa !== undefined) return state.zones.find(({ facts }) => facts.id === target.numa);
  if (coresToPin(state.facts, ask) === 0) return undefined;
  const near = new Set(state.facts.gpus.filter(({ index }) => gpus.includes(index)).map(({ numaNode }) => numaNode));
  const rank = (zone: Zone) => (near.has(zone.facts.id) ? 0 : 1);
  return state.zones
    .filter((zone) => isRoomyZone(state, zone, ask, kept))
    .sort((a, b) => rank(a) - rank(b) || a.freeCores - b.freeCores || a.facts.id - b.facts.id)[0];
}

function spreadCores(state: NodeState, kept: Kept, pin: number): number[] {
  const zones = state.zones.toSorted((a, b) => b.freeCores - a.freeCores || a.facts.id - b.facts.id);
  return zones.flatMap((zone) => freeCoresIn(state, zone, kept).slice(0, Math.max(0, pinnableIn(state, zone, kept)))).slice(0, pin);
}
