import { firstPlace, type Place, type Plan } from './earliest-start.ts';
import { grantOn } from './grant.ts';
import { lackOn } from './lack.ts';
import { byText, type Ledger, type NodeState, type Occupant } from './ledger.ts';
import { add, gpusAsked, heldAmounts, isBeyondQuota, isBorrowed, none, type QueueState, type Queues, type Unit } from './queues.ts';
import type { Amounts, Ask, Target } from './snapshot.ts';
import { holdReserved, openTrial, type Trial } from './trial.ts';

export interface Victim {
  occupant: Occupant;
  state: NodeState;
}

export interface EvictionPlan extends Plan {
  victims: Victim[];
}

interface Offer {
  state: NodeState;
  target: Target | undefined;
  victims: Occupant[];
}

const reservationsCount = Number.NEGATIVE_INFINITY;

/**
 * Who would have to go so that a unit can start: on one node for each member, the lowest priorities and then the fewest.
 * Those who are leaving already are counted as gone first, so that nobody is sent away twice for the same room.
 * @returns undefined when that does not help, or nothing need be done
 */
export function planEvictions(ledger: Ledger, queues: Queues, unit: Unit, nowMs: number): EvictionPlan | undefined {
  const rights = evictionRights(queues, unit);
  if (!ledger.states.some(({ occupants }) => occupants.some((occupant) => rights.mayEvict(occupant, none())))) return undefined;
  const trial = openTrial();
  holdReserved(trial, ledger.states);
  try {
    const leaving = ledger.states.flatMap((state) =>
      state.occupants.filter(({ isLeaving }) => isLeaving).map((occupant) => ({ state, occupant })),
    );
    for (const { state, occupant } of leaving) trial.release(state, occupant);
    const victims: Victim[] = [];
    const places: Place[] = [];
    for (const { key, ask } of unit.members) {
      const place = firstPlace(ledger, ask, new Map()) ?? makeRoom(trial, ledger, ask, rights, victims);
      if (!place) return undefined;
      trial.take(place.state, place.held);
      places.push({ key, ...place });
    }
    if (victims.length === 0) return undefined;
    const here = new Set(places.map(({ state }) => state));
    const gone = [...victims, ...leaving.filter(({ state }) => here.has(state))].map(({ occupant }) => occupant);
    const startMs = gone.reduce((latest, each) => Math.max(latest, each.isLeaving ? each.endMs : nowMs + each.graceMs), nowMs);
    return { startMs, places, gone: new Set(gone), victims };
  } finally {
    trial.undo();
  }
}

interface Rights {
  /** Whether it may be sent away, when `gone` has been given back by its queue. */
  mayEvict(occupant: Occupant, gone: Amounts): boolean;
  goneOf(queue: QueueState): Amounts;
  queueOf(occupant: Occupant): QueueState;
}

/**
 * A lower priority makes way, but what another queue is sure of only for one that is sure of it, too.
 * Whoever stays within its quota may also take back what others have borrowed, whatever their priority.
 */
function evictionRights(queues: Queues, unit: Unit): Rights {
  const isSure = !isBeyondQuota(unit.queue, unit.wants);
  const mayPreempt = unit.members.every((member) => member.mayPreempt);
  const gone = new Map<QueueState, Amounts>();
  return {
    goneOf(queue) {
      const known = gone.get(queue) ?? none();
      gone.set(queue, known);
      return known;
    },
    queueOf: (occupant) => queues.of(occupant),
    mayEvict(occupant, goneHere) {
      if (!occupant.mayBeEvicted || occupant.isLeaving) return false;
      const queue = queues.of(occupant);
      const borrowed = isBorrowed(queue, heldAmounts(occupant), goneHere);
      const isLower = mayPreempt && occupant.priority < unit.priority;
      if (isLower && (isSure || borrowed || queue === unit.queue)) return true;
      return isSure && borrowed && queue !== unit.queue;
    },
  };
}

function makeRoom(trial: Trial, ledger: Ledger, ask: Ask, rights: Rights, victims: Victim[]): Omit<Place, 'key'> | undefined {
  const offers = placesOf(ledger, ask).flatMap(([state, target]) => offerOn(trial, state, ask, target, rights, victims) ?? []);
  const best = offers.reduce<Offer | undefined>((first, offer) => (first && compareOffers(first, offer) <= 0 ? first : offer), undefined);
  if (!best) return undefined;
  for (const occupant of best.victims) {
    trial.release(best.state, occupant);
    add(rights.goneOf(rights.queueOf(occupant)), heldAmounts(occupant), 1);
    victims.push({ occupant, state: best.state });
  }
  return { state: best.state, held: grantOn(best.state, ask, best.target, reservationsCount) };
}

function placesOf(ledger: Ledger, ask: Ask): (readonly [NodeState, Target | undefined])[] {
  if (ask.targets.length === 0) return ledger.states.map((state) => [state, undefined] as const);
  return ask.targets.flatMap((target) => {
    const state = ledger.stateOf(target.node);
    return state ? [[state, target] as const] : [];
  });
}

/** Sends away the lowest and youngest until there is room, then lets everybody stay who need not go, the highest first. */
function offerOn(
  trial: Trial,
  state: NodeState,
  ask: Ask,
  target: Target | undefined,
  rights: Rights,
  chosen: Victim[],
): Offer | undefined {
  if (lackOn(state, ask, target, reservationsCount)?.isLasting) return undefined;
  const start = trial.steps;
  const taken = new Set(chosen.map(({ occupant }) => occupant));
  const gone = new Map<QueueState, Amounts>();
  const goneOf = (occupant: Occupant): Amounts => {
    const queue = rights.queueOf(occupant);
    const known = gone.get(queue) ?? { ...rights.goneOf(queue) };
    gone.set(queue, known);
    return known;
  };
  const away: Occupant[] = [];
  for (const occupant of state.occupants.toSorted(lowestAndYoungest)) {
    if (taken.has(occupant) || !helps(occupant, ask) || !rights.mayEvict(occupant, goneOf(occupant))) continue;
    if (!lackOn(state, ask, target, reservationsCount)) break;
    trial.release(state, occupant);
    add(goneOf(occupant), heldAmounts(occupant), 1);
    away.push(occupant);
  }
  const isEnough = !lackOn(state, ask, target, reservationsCount);
  const victims = isEnough ? away.toReversed().filter((occupant) => !canStay(trial, state, ask, target, occupant)) : [];
  trial.undo(start);
  return isEnough ? { state, target, victims } : undefined;
}

const helps = (occupant: Occupant, ask: Ask): boolean =>
  (ask.cpuMillis > 0 && occupant.cpuMillis > 0) ||
  (ask.memoryBytes > 0 && occupant.memoryBytes > 0) ||
  (ask.storageBytes > 0 && occupant.storageBytes > 0) ||
  (gpusAsked(ask) > 0 && occupant.gpus.length > 0);

function canStay(trial: Trial, state: NodeState, ask: Ask, target: Target | undefined, occupant: Occupant): boolean {
  const start = trial.steps;
  trial.take(state, occupant);
  if (!lackOn(state, ask, target, reservationsCount)) return true;
  trial.undo(start);
  return false;
}

const lowestAndYoungest = (a: Occupant, b: Occupant): number =>
  a.priority - b.priority || (b.startedMs ?? Number.MAX_VALUE) - (a.startedMs ?? Number.MAX_VALUE) || byText(a.key, b.key);

const highest = ({ victims }: Offer) => victims.reduce((most, { priority }) => Math.max(most, priority), Number.NEGATIVE_INFINITY);

const compareOffers = (a: Offer, b: Offer): number =>
  highest(a) - highest(b) || a.victims.length - b.victims.length || a.state.at - b.state.at;
