import type { Held, Holder, NodeFacts, NumaFacts, Snapshot } from './snapshot.ts';

/** Who holds something on a node in this pass: it was there before, or is bound just now. */
export interface Occupant extends Holder {
  /** When it is gone at the latest; Infinity when nobody knows. */
  endMs: number;
}

/** Room that is kept: who comes after must leave it free from `startMs` on. */
export interface Reservation extends Held {
  forKey: string;
  /** -Infinity when nobody knows: then it is kept free at once. */
  startMs: number;
  /** Those whose room it will take. */
  gone: ReadonlySet<Occupant>;
}

export interface Zone {
  readonly facts: NumaFacts;
  freeMillis: number;
  freeMemoryBytes: number;
  freeCores: number;
}

/** What is free on a node. */
export interface NodeState {
  readonly facts: NodeFacts;
  /** Its place among the nodes by name. */
  readonly at: number;
  /** Raised whenever what is free, or kept, has changed. */
  version: number;
  cpuMillis: number;
  memoryBytes: number;
  storageBytes: number;
  /** By GPU and by core, how many hold it: never more than one but in what is only supposed. */
  readonly gpuHolds: Map<number, number>;
  readonly coreHolds: Map<number, number>;
  readonly zones: readonly Zone[];
  readonly zoneOfCore: ReadonlyMap<number, Zone>;
  /** In no particular order. */
  readonly occupants: Occupant[];
  readonly reservations: Reservation[];
}

export interface Ledger {
  /** By name. */
  readonly states: readonly NodeState[];
  /** The places of changed nodes, in order of change. */
  readonly journal: readonly number[];
  stateOf(node: string): NodeState | undefined;
  take(state: NodeState, occupant: Occupant): void;
  /** Takes back the newest {@link Ledger.take} of that node. */
  undo(state: NodeState, occupant: Occupant): void;
  reserve(state: NodeState, reservation: Reservation): void;
}

export const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

export function openLedger(snapshot: Snapshot, nowMs: number): Ledger {
  const states = snapshot.nodes.toSorted((left, right) => byText(left.name, right.name)).map(emptyState);
  const byName = new Map(states.map((state) => [state.facts.name, state]));
  const journal: number[] = [];
  const touch = (state: NodeState) => {
    state.version++;
    journal.push(state.at);
  };
  for (const holder of snapshot.holders) {
    const state = byName.get(holder.node);
    if (!state) continue;
    state.occupants.push({ ...holder, endMs: endOf(holder, nowMs) });
    occupy(state, holder);
  }
  return {
    states,
    journal,
    stateOf: (node) => byName.get(node),
    take(state, occupant) {
      occupy(state, occupant);
      state.occupants.push(occupant);
      touch(state);
    },
    undo(state, occupant) {
      vacate(state, occupant);
      state.occupants.pop();
      touch(state);
    },
    reserve(state, reservation) {
      state.reservations.push(reservation);
      touch(state);
    },
  };
}

/** What has been asked to end is gone after its grace; the others when their time is up. */
function endOf(holder: Holder, nowMs: number): number {
  if (holder.isLeaving) return nowMs + holder.graceMs;
  return Math.max(nowMs, (holder.startedMs ?? nowMs) + holder.longestMs);
}

function emptyState(facts: NodeFacts, at: number): NodeState {
  const zones = facts.numa.map((numa) => ({
    facts: numa,
    freeMillis: numa.cores.length * 1000,
    freeMemoryBytes: numa.memoryBytes,
    freeCores: numa.cores.length,
  }));
  const { cpuMillis, memoryBytes, storageBytes } = facts.allocatable;
  return {
    ...{ facts, at, version: 0, cpuMillis, memoryBytes, storageBytes, zones },
    gpuHolds: new Map(),
    coreHolds: new Map(),
    zoneOfCore: new Map(zones.flatMap((zone) => zone.facts.cores.map((core) => [core, zone]))),
    occupants: [],
    reservations: [],
  };
}

/** Takes it out of what is free, without a word in the journal: for what is only supposed, and undone by {@link vacate}. */
export const occupy = (state: NodeState, held: Held): void => change(state, held, 1);
export const vacate = (state: NodeState, held: Held): void => change(state, held, -1);

function change(state: NodeState, held: Held, by: 1 | -1): void {
  state.cpuMillis -= by * held.cpuMillis;
  state.memoryBytes -= by * held.memoryBytes;
  state.storageBytes -= by * held.storageBytes;
  for (const gpu of held.gpus) state.gpuHolds.set(gpu, (state.gpuHolds.get(gpu) ?? 0) + by);
  for (const core of held.cores) changeCore(state, core, by);
  if (held.numaNode === undefined) return;
  const zone = state.zones.find(({ facts }) => facts.id === held.numaNode);
  if (!zone) return;
  zone.freeMemoryBytes -= by * held.memoryBytes;
  if (held.cores.length === 0) zone.freeMillis -= by * held.cpuMillis;
}

function changeCore(state: NodeState, core: number, by: 1 | -1): void {
  const before = state.coreHolds.get(core) ?? 0;
  state.coreHolds.set(core, before + by);
  const zone = state.zoneOfCore.get(core);
  if (!zone) return;
  zone.freeMillis -= by * 1000;
  if (before + by === 0) zone.freeCores++;
  else if (before === 0) zone.freeCores--;
}
