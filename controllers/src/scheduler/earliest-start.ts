import { grantOn } from './grant.ts';
import { lackOn } from './lack.ts';
import { byText, type Ledger, type NodeState, type Occupant } from './ledger.ts';
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
    const search = searchOver(trial, ends, () => placeAll(trial, ledger, unit));
    if (!search) return undefined;
    const gone = ends.slice(0, search.count).map(({ occupant }) => occupant);
    const lastMs = gone.reduce((latest, { endMs }) => Math.max(latest, endMs), nowMs);
    return { startMs: Number.isFinite(lastMs) ? lastMs : Number.NEGATIVE_INFINITY, places: search.places, gone: new Set(gone) };
  } finally {
    trial.undo();
  }
}

/**
 * The least number of ends after which `place` succeeds: what it does for one, it does for all larger. Ever larger steps first, then
 * halves, so that it costs about as many ends as are needed and not as many as there are.
 */
function searchOver(trial: Trial, ends: readonly End[], place: () => Place[] | undefined): { count: number; places: Place[] } | undefined {
  const placesAfter = (from: number, to: number): Place[] | undefined => {
    for (const { state, occupant } of ends.slice(from, to)) trial.release(state, occupant);
    const start = trial.steps;
    const places = place();
    trial.undo(start);
    return places;
  };
  let places = placesAfter(0, 0);
  if (places) return { count: 0, places };
  // Up to `low` have been released, and it does not fit yet.
  let [low, high] = [0, Math.min(32, ends.length)];
  let start = trial.steps;
  for (places = placesAfter(low, high); !places; places = placesAfter(low, high)) {
    if (high === ends.length) return undefined;
    [low, high, start] = [high, Math.min(2 * high, ends.length), trial.steps];
  }
  trial.undo(start);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    start = trial.steps;
    const found = placesAfter(low, middle);
    if (!found) low = middle;
    else {
      [high, places] = [middle, found];
      trial.undo(start);
    }
  }
  return { count: high, places };
}

/** Only of nodes that could ever take a member. */
function endsFor(ledger: Ledger, unit: Unit): End[] {
  const asks = [...new Map(unit.members.map(({ ask }) => [ask.shape, ask])).values()];
  const nodes = ledger.states.filter((state) => asks.some((ask) => couldEver(state, ask)));
  const all = nodes.flatMap((state) => state.occupants.map((occupant) => ({ state, occupant })));
  const known = all
    .filter(({ occupant }) => Number.isFinite(occupant.endMs))
    .sort((a, b) => a.occupant.endMs - b.occupant.endMs || byText(a.occupant.key, b.occupant.key));
  const [ask] = asks;
  if (known.length === all.length || !ask) return known;
  const distance = new Map(nodes.map((state) => [state, distanceTo(state, ask)]));
  const far = (state: NodeState) => distance.get(state) ?? 0;
  const unknown = all.filter(({ occupant }) => !Number.isFinite(occupant.endMs));
  unknown.sort((a, b) => far(a.state) - far(b.state) || a.state.at - b.state.at || compareStarts(a.occupant, b.occupant));
  return [...known, ...unknown];
}

const compareStarts = (a: Occupant, b: Occupant): number => {
  const [left, right] = [a.startedMs ?? Number.MAX_VALUE, b.startedMs ?? Number.MAX_VALUE];
  return left - right || byText(a.key, b.key);
};

const couldEver = (state: NodeState, ask: Ask): boolean =>
  ask.targets.length === 0
    ? !lackOn(state, ask, undefined, asHeld)?.isLasting
    : ask.targets.some((target) => target.node === state.facts.name && !lackOn(state, ask, target, asHeld)?.isLasting);

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
