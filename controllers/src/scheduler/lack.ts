import { isAsAsked, isFreeGpu } from './gpus.ts';
import type { NodeState, Reservation, Zone } from './ledger.ts';
import type { Ask, GpuAsk, NodeFacts, Taint, Target, Toleration } from './snapshot.ts';

/** The first thing that keeps an ask from a node. */
export interface Lack {
  reason:
    | 'NotReady'
    | 'Cordoned'
    | 'Target'
    | 'Selector'
    | 'Taint'
    | 'Hardware'
    | 'CPU'
    | 'Memory'
    | 'Storage'
    | 'GPU'
    | 'NUMA'
    | 'Reserved'
    | 'Together';
  /** How much is missing: thousandths of cores, bytes, GPUs. */
  missing?: number;
  /** What it is about: a label, a taint, a NUMA node, for whom it is kept. */
  about?: string;
  /** It would be so on the empty node, too. */
  isLasting: boolean;
}

/** What is kept for somebody: GPUs, cores, and memory and thousandths of cores by NUMA node. */
export interface Kept {
  gpus: ReadonlySet<number>;
  cores: ReadonlySet<number>;
  memoryIn: ReadonlyMap<number, number>;
  millisIn: ReadonlyMap<number, number>;
}
const nothingKept: Kept = { gpus: new Set(), cores: new Set(), memoryIn: new Map(), millisIn: new Map() };

export const isTolerated = (taint: Taint, tolerations: readonly Toleration[]): boolean =>
  tolerations.some(
    ({ key, operator, value, effect }) =>
      (effect === undefined || effect === taint.effect) &&
      (key === undefined || key === '' ? operator === 'Exists' : key === taint.key) &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  );

/** Whole cores are pinned on nodes that say which cores they have. */
export const coresToPin = (facts: NodeFacts, ask: Ask): number =>
  facts.numa.length > 0 && ask.cpuMillis % 1000 === 0 ? ask.cpuMillis / 1000 : 0;

/** What is asked of the GPUs at this place: a target that names GPUs means exactly these. */
export function gpuAskAt(ask: Ask, target: Target | undefined): GpuAsk | undefined {
  if (!target?.gpus) return ask.gpus;
  return { memoryBytes: 0, ...ask.gpus, count: target.gpus.length, indexes: target.gpus };
}

/**
 * Why this ask cannot go to this node now, or undefined when it can. It may hold what it gets until `untilMs`, and must not
 * be in the way of what is reserved there; -Infinity leaves reservations out of account.
 */
export function lackOn(state: NodeState, ask: Ask, target: Target | undefined, untilMs: number): Lack | undefined {
  const gpus = gpuAskAt(ask, target);
  return (
    lackOfAdmission(state.facts, ask) ??
    lackOfHardware(state.facts, gpus, target) ??
    lackOfAmounts(state, ask) ??
    lackOfGpus(state, gpus, nothingKept) ??
    lackOfCores(state, ask, target, nothingKept) ??
    lackBesideReservations(state, ask, target, untilMs)
  );
}

function lackOfAdmission(facts: NodeFacts, ask: Ask): Lack | undefined {
  if (!facts.isReady) return { reason: 'NotReady', isLasting: true };
  if (facts.isCordoned) return { reason: 'Cordoned', isLasting: true };
  for (const [key, value] of ask.nodeSelector)
    if (facts.labels[key] !== value) return { reason: 'Selector', about: `${key}=${value}`, isLasting: true };
  for (const taint of facts.taints) {
    if (taint.effect === 'PreferNoSchedule' || isTolerated(taint, ask.tolerations)) continue;
    return { reason: 'Taint', about: `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`, isLasting: true };
  }
  return undefined;
}

function lackOfHardware(facts: NodeFacts, gpus: GpuAsk | undefined, target: Target | undefined): Lack | undefined {
  if (target?.numa !== undefined && !facts.numa.some(({ id }) => id === target.numa))
    return { reason: 'NUMA', about: String(target.numa), isLasting: true };
  if (!gpus || gpus.count === 0) return undefined;
  let missing = gpus.count;
  for (const gpu of facts.gpus) if (isAsAsked(gpu, gpus)) missing--;
  return missing > 0 ? { reason: 'Hardware', missing, isLasting: true } : undefined;
}

function lackOfAmounts(state: NodeState, ask: Ask): Lack | undefined {
  const { allocatable } = state.facts;
  if (ask.cpuMillis > 0 && ask.cpuMillis > state.cpuMillis)
    return { reason: 'CPU', missing: ask.cpuMillis - state.cpuMillis, isLasting: ask.cpuMillis > allocatable.cpuMillis };
  if (ask.memoryBytes > 0 && ask.memoryBytes > state.memoryBytes)
    return { reason: 'Memory', missing: ask.memoryBytes - state.memoryBytes, isLasting: ask.memoryBytes > allocatable.memoryBytes };
  if (ask.storageBytes > 0 && ask.storageBytes > state.storageBytes)
    return { reason: 'Storage', missing: ask.storageBytes - state.storageBytes, isLasting: ask.storageBytes > allocatable.storageBytes };
  return undefined;
}

function lackOfGpus(state: NodeState, gpus: GpuAsk | undefined, kept: Kept): Lack | undefined {
  if (!gpus || gpus.count === 0) return undefined;
  let free = 0;
  for (const gpu of state.facts.gpus) if (isAsAsked(gpu, gpus) && isFreeGpu(state, gpu) && !kept.gpus.has(gpu.index)) free++;
  return free < gpus.count ? { reason: 'GPU', missing: gpus.count - free, isLasting: false } : undefined;
}

export const freeCoresIn = (state: NodeState, zone: Zone, kept: Kept): number[] =>
  zone.facts.cores.filter((core) => !state.coreHolds.get(core) && !kept.cores.has(core));

/** How many cores may be pinned: free ones, as long as what is bound to the NUMA node without cores of its own keeps its room. */
export function pinnableIn(state: NodeState, zone: Zone, kept: Kept): number {
  const free = kept.cores.size === 0 ? zone.freeCores : freeCoresIn(state, zone, kept).length;
  return Math.min(free, Math.floor((zone.freeMillis - (kept.millisIn.get(zone.facts.id) ?? 0)) / 1000));
}

export function isRoomyZone(state: NodeState, zone: Zone, ask: Ask, kept: Kept): boolean {
  const { id } = zone.facts;
  const pin = coresToPin(state.facts, ask);
  if (zone.freeMemoryBytes - (kept.memoryIn.get(id) ?? 0) < ask.memoryBytes) return false;
  if (pin > 0) return pinnableIn(state, zone, kept) >= pin;
  return zone.freeMillis - (kept.millisIn.get(id) ?? 0) - countKeptCores(zone, kept) * 1000 >= ask.cpuMillis;
}

const countKeptCores = (zone: Zone, kept: Kept) =>
  kept.cores.size === 0 ? 0 : zone.facts.cores.filter((core) => kept.cores.has(core)).length;

function lackOfCores(state: NodeState, ask: Ask, target: Target | undefined, kept: Kept): Lack | undefined {
  if (target?.numa !== undefined) {
    const zone = state.zones.find(({ facts }) => facts.id === target.numa);
    if (zone && isRoomyZone(state, zone, ask, kept)) return undefined;
    const isLasting = !zone || ask.cpuMillis > zone.facts.cores.length * 1000 || ask.memoryBytes > zone.facts.memoryBytes;
    return { reason: 'NUMA', about: String(target.numa), isLasting };
  }
  const pin = coresToPin(state.facts, ask);
  if (pin === 0) return undefined;
  const free = state.zones.reduce((sum, zone) => sum + Math.max(0, pinnableIn(state, zone, kept)), 0);
  const all = state.zones.reduce((sum, zone) => sum + zone.facts.cores.length, 0);
  return free < pin ? { reason: 'CPU', missing: (pin - free) * 1000, isLasting: pin > all } : undefined;
}

/** What is kept from something that ends at `untilMs`: it may use what is reserved for later than that. */
export function keptOn(state: NodeState, untilMs: number): Kept {
  const ahead = state.reservations.filter(({ startMs }) => startMs < untilMs);
  if (ahead.length === 0) return nothingKept;
  const memoryIn = new Map<number, number>();
  const millisIn = new Map<number, number>();
  for (const { numaNode, memoryBytes, cpuMillis, cores } of ahead) {
    if (numaNode === undefined) continue;
    memoryIn.set(numaNode, (memoryIn.get(numaNode) ?? 0) + memoryBytes);
    if (cores.length === 0) millisIn.set(numaNode, (millisIn.get(numaNode) ?? 0) + cpuMillis);
  }
  return { gpus: new Set(ahead.flatMap(({ gpus }) => gpus)), cores: new Set(ahead.flatMap(({ cores }) => cores)), memoryIn, millisIn };
}

/** What keeps it from a node that has room for it: somebody for whom that room is kept. */
export function lackBesideReservations(state: NodeState, ask: Ask, target: Target | undefined, untilMs: number): Lack | undefined {
  if (state.reservations.length === 0) return undefined;
  const ahead = state.reservations.filter(({ startMs }) => startMs < untilMs);
  const first = ahead.find((reservation) => !isRoomBeside(state, reservation, ask)) ?? ahead[0];
  if (!first) return undefined;
  const kept = keptOn(state, untilMs);
  const isCrowded =
    !isRoomBeside(state, first, ask) ||
    lackOfGpus(state, gpuAskAt(ask, target), kept) !== undefined ||
    lackOfCores(state, ask, target, kept) !== undefined;
  return isCrowded ? { reason: 'Reserved', about: first.forKey, isLasting: false } : undefined;
}

/** Whether, when the reservation begins, both have room: those who are gone by then leave theirs, earlier reservations hold theirs. */
function isRoomBeside(state: NodeState, reservation: Reservation, ask: Ask): boolean {
  let { cpuMillis, memoryBytes, storageBytes } = state;
  for (const occupant of state.occupants) {
    if (occupant.endMs > reservation.startMs && !reservation.gone.has(occupant)) continue;
    cpuMillis += occupant.cpuMillis;
    memoryBytes += occupant.memoryBytes;
    storageBytes += occupant.storageBytes;
  }
  for (const other of state.reservations) {
    if (other.startMs > reservation.startMs) continue;
    cpuMillis -= other.cpuMillis;
    memoryBytes -= other.memoryBytes;
    storageBytes -= other.storageBytes;
  }
  return cpuMillis >= ask.cpuMillis && memoryBytes >= ask.memoryBytes && storageBytes >= ask.storageBytes;
}
