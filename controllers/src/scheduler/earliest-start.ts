import { grantOn } from './grant.ts';
import { lackOn } from './lack.ts';
import type { Ledger, NodeState, Occupant } from './ledger.ts';
import type { Unit } from './queues.ts';
import type { Ask, Held } from './snapshot.ts';
import { holdReserved, openTrial, type Trial } from './trial.ts';

export interface Place {
  key: string;
  state: NodeState;
  held: Held;
}

/** Where and when a unit can start at the latest, if those who run end at the latest when they must. */
export interface Plan {
  /** -Infinity when nobody knows when: some of those who must go first have no end. */
  startMs: number;
  places: Place[];
  /** Those who are gone by then. */
  gone: ReadonlySet<Occupant>;
}

interface End {
  state: NodeState;
  occupant: Occupant;
}

/** Reservations are held by the trial as if they had begun, so that they need no other judging. */
const asHeld = Number.NEGATIVE_INFINITY;

/**
 * The earliest start of a unit that does not fit now: the fewest ends, in order of time, after which it fits. Those without an end
 * are thought to go last, on the node first that lacks least, so that a choice once made stays the best one while that node empties.
 * @returns undefined when it would not fit even if all were gone
 */
export function earliestStart(ledger: Ledger, unit: Unit, nowMs: number): Plan | undefined {
  const trial = openTrial();
  holdReserved(trial, ledger.states);
  try {
    const ends = endsFor(ledger, unit);
    const attempt = (count: number): Place[] | undefined => {
      const start = trial.steps;
      for (const { state, occupant } of ends.slice(0, count)) trial.release(state, occupant);
      const places = placeAll(trial, ledger, unit);
      trial.undo(start);
      return places;
    };
    const count = fewest(ends.length, (many) => attempt(many) !== undefined);
    const places = count === undefined ? undefined : attempt(count);
    if (count === undefined || !places) return undefined;
    const gone = ends.slice(0, count);
    const lastMs = gone.reduce((latest, { occupant }) => Math.max(latest, occupant.endMs), nowMs);
    return {
      startMs: Number.isFinite(lastMs) ? lastMs : Number.NEGATIVE_INFINITY,
      places,
      gone: new Set(gone.map(({ occupant }) => occupant)),
    };
  } finally {
    trial.undo();
  }
}

/** The least number up to `most` for which it holds; what holds for one holds for all larger. */
function fewest(most: number, holds: (count: number) => boolean): number | undefined {
  if (!holds(most)) return undefined;
  let [low, high] = [0, most];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function endsFor(ledger: Ledger, unit: Unit): End[] {
  const all = ledger.states.flatMap((state) => state.occupants.map((occupant) => ({ state, occupant })));
  const known = all.filter(({ occupant }) => Number.isFinite(occupant.endMs)).sort((a, b) => a.occupant.endMs - b.occupant.endMs);
  const ask = unit.members[0]?.ask;
  if (known.length === all.length || !ask) return known;
  const distance = ledger.states.map((state) => distanceTo(state, ask));
  const unknown = all.filter(({ occupant }) => !Number.isFinite(occupant.endMs));
  const far = (state: NodeState) => distance[state.at] ?? 0;
  unknown.sort(
    (a, b) =>
      far(a.state) - far(b.state) || a.state.at - b.state.at || (a.occupant.startedMs ?? Infinity) - (b.occupant.startedMs ?? Infinity),
  );
  return [...known, ...unknown];
}

/** How much of the ask is missing on a node, as a share of what it has; beyond all when it can never go there. */
function distanceTo(state: NodeState, ask: Ask): number {
  const lack = lackOn(state, ask, undefined, asHeld);
  if (!lack) return 0;
  if (lack.isLasting) return Number.MAX_VALUE;
  const { allocatable, gpus } = state.facts;
  const short = (wanted: number, free: number, all: number) => (all > 0 ? Math.max(0, wanted - free) / all : 0);
  const gpuShare = lack.reason === 'GPU' ? (lack.missing ?? 0) / Math.max(1, gpus.length) : 0;
  return (
    short(ask.cpuMillis, state.cpuMillis, allocatable.cpuMillis) +
    short(ask.memoryBytes, state.memoryBytes, allocatable.memoryBytes) +
    gpuShare
  );
}

/** Takes room for every member on the first nodes that have it. */
export function placeAll(trial: Trial, ledger: Ledger, unit: Unit): Place[] | undefined {
  const from = new Map<string, number>();
  const places: Place[] = [];
  for (const { key, ask } of unit.members) {
    const place = firstPlace(ledger, ask, from);
    if (!place) return undefined;
    trial.take(place.state, place.held);
    places.push({ key, ...place });
  }
  return places;
}

/** `from` remembers, for each shape, how many nodes are known to be full: while room is only taken they stay so. */
export function firstPlace(ledger: Ledger, ask: Ask, from: Map<string, number>): Omit<Place, 'key'> | undefined {
  for (const target of ask.targets) {
    const state = ledger.stateOf(target.node);
    if (state && !lackOn(state, ask, target, asHeld)) return { state, held: grantOn(state, ask, target, asHeld) };
  }
  if (ask.targets.length > 0) return undefined;
  for (let at = from.get(ask.shape) ?? 0; at < ledger.states.length; at++) {
    const state = ledger.states[at];
    if (!state || lackOn(state, ask, undefined, asHeld)) continue;
    from.set(ask.shape, at);
    return { state, held: grantOn(state, ask, undefined, asHeld) };
  }
  return undefined;
}
