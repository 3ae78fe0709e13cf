import { earliestStart, type Plan } from './earliest-start.ts';
import { type Cause, explainWaits, type Wait } from './explain.ts';
import { grantOn } from './grant.ts';
import { lackOn } from './lack.ts';
import { byText, type Ledger, type NodeState, type Occupant, openLedger } from './ledger.ts';
import { type Layout, type NodeIndex, nodeIndex } from './node-index.ts';
import { planEvictions } from './preempt.ts';
import { add, dominantShare, heldAmounts, isBeyondQuota, openQueues, type QueueState, type Queues, type Unit } from './queues.ts';
import { blockQueue, lackOfQuota } from './quota.ts';
import { withRoomLeft } from './room-left.ts';
import type { Amounts, Ask, Binding, Decision, Eviction, Held, Pending, QueueView, ResourceName, Snapshot, Target } from './snapshot.ts';

export interface SchedulingOptions {
  /** Whether work is spread over the nodes or fills one after the other. GPUs are always filled up. */
  layout: Layout;
  /** Whether later ones may start while an earlier one waits for room, if that does not delay it. */
  isBackfilling: boolean;
  /** The most that are bound in one pass, so that what comes meanwhile is not kept waiting by the writing of the bindings. */
  mostBindings: number;
  /** The most that may be found to wait before the others are not looked at any more: what one pass may cost. */
  mostConsidered: number;
  /** The most that room is kept for at a time. */
  mostReservations: number;
  /** The most different asks that are explained node by node. */
  mostExplained: number;
  /** The most nodes that an explanation names. */
  mostNodes: number;
  /** The most units whose start is estimated one by one. */
  mostEstimated: number;
}

export const defaultOptions: SchedulingOptions = {
  layout: 'Spread',
  isBackfilling: true,
  mostBindings: Number.POSITIVE_INFINITY,
  mostConsidered: 10_000,
  mostReservations: 16,
  mostExplained: 100,
  mostNodes: 32,
  mostEstimated: 200,
};

interface Pass {
  ledger: Ledger;
  queues: Queues;
  index: NodeIndex;
  options: SchedulingOptions;
  nowMs: number;
  bindings: Binding[];
  evictions: Eviction[];
  waits: Wait[];
  reservations: number;
  /** The lowest priority of those that may be sent away at all. */
  lowest: number;
  /** Asks for which nobody can be sent away, by shape, priority and queue. */
  hopeless: Set<string>;
  /** Why nobody starts any more. */
  stop?: Cause;
}

/**
 * Decides who starts where, who must go for it, and why the others wait. It depends on nothing but its arguments; the order of
 * the lists in the snapshot does not matter.
 */
export function schedule(snapshot: Snapshot, nowMs: number, some: Partial<SchedulingOptions> = {}): Decision {
  const options = { ...defaultOptions, ...some };
  const ledger = openLedger(snapshot, nowMs);
  const queues = openQueues({ ...snapshot, pending: withRoomLeft(ledger, snapshot.pending) });
  const index = nodeIndex(ledger, options.layout);
  const evictable = snapshot.holders.filter(({ mayBeEvicted, isLeaving }) => mayBeEvicted && !isLeaving);
  const lowest = evictable.reduce((least, { priority }) => Math.min(least, priority), Number.POSITIVE_INFINITY);
  const pass: Pass = {
    ledger,
    queues,
    index,
    options,
    nowMs,
    bindings: [],
    evictions: [],
    waits: [],
    reservations: 0,
    lowest,
    hopeless: new Set(),
  };
  let isComplete = true;
  for (let unit = queues.next(); unit; unit = queues.next()) {
    isComplete = pass.bindings.length < options.mostBindings;
    if (!isComplete) break;
    const cause = decide(pass, unit);
    if (cause) pass.waits.push({ unit, cause });
    if (pass.waits.length === options.mostConsidered) pass.stop ??= { kind: 'Far', before: options.mostConsidered };
  }
  // Before the waits are explained, which plays on with the ledger.
  const views = viewQueues(pass);
  const waiting = explainWaits({ ledger, queues, options, nowMs, isComplete, waits: pass.waits });
  return { bindings: pass.bindings, evictions: pass.evictions, waiting, queues: views, isComplete };
}

function viewQueues({ queues, waits }: Pass): QueueView[] {
  const pending = new Map<QueueState, number>();
  for (const { unit } of waits) pending.set(unit.queue, (pending.get(unit.queue) ?? 0) + unit.members.length);
  const states = [...queues.states()];
  const isActive = (queue: QueueState) => queue.running > 0 || pending.has(queue);
  const weights = states.reduce((sum, queue) => sum + (isActive(queue) ? queue.facts.weight : 0), 0);
  const fairPart = (queue: QueueState) => {
    const among = weights + (isActive(queue) ? 0 : queue.facts.weight);
    return among === 0 ? 0 : queue.facts.weight / among;
  };
  const views = states.map((queue) => ({
    ...{ name: queue.facts.name, pending: pending.get(queue) ?? 0, running: queue.running },
    ...{ used: { ...queue.used }, borrowed: borrowedBy(queue), fairShare: partOf(queues.total, fairPart(queue)) },
    share: dominantShare(queue.used, queues.total),
  }));
  return views.sort((a, b) => byText(a.name, b.name));
}

const partOf = (amounts: Amounts, part: number): Amounts => eachResource((name) => amounts[name] * part);

function borrowedBy({ used, facts: { quota = {} } }: QueueState): Amounts {
  return eachResource((name) => Math.max(0, used[name] - (quota[name] ?? used[name])));
}

const eachResource = (amountOf: (name: ResourceName) => number): Amounts => ({
  ...{ cpuMillis: amountOf('cpuMillis'), memoryBytes: amountOf('memoryBytes') },
  ...{ storageBytes: amountOf('storageBytes'), gpus: amountOf('gpus') },
});

/** Starts a unit, or says why it waits. */
function decide(pass: Pass, unit: Unit): Cause | undefined {
  if (pass.stop) return pass.stop;
  const size = unit.members.reduce((most, { gang }) => Math.max(most, gang?.size ?? 1), 1);
  const missing = size - unit.members.length - unit.boundMembers;
  if (missing > 0) return { kind: 'Gang', missing, size };
  const lack = lackOfQuota(pass.queues, unit);
  if (lack) {
    blockQueue(unit, lack);
    return { kind: 'Quota', lack };
  }
  if (start(pass, unit)) return undefined;
  const cause: Cause = { kind: 'Resources', ...reserve(pass, unit) };
  if (!pass.options.isBackfilling && cause.plan) pass.stop = { kind: 'Behind', key: unit.members[0]?.key ?? '' };
  return cause;
}

/** Binds all members, or none. */
function start(pass: Pass, unit: Unit): boolean {
  const taken: { state: NodeState; occupant: Occupant; member: Pending }[] = [];
  for (const member of unit.members) {
    const place = placeFor(pass, member.ask);
    if (!place) {
      for (const { state, occupant } of taken.toReversed()) pass.ledger.undo(state, occupant);
      return false;
    }
    const occupant = occupantOf(pass, member, place.state, place.held);
    pass.ledger.take(place.state, occupant);
    taken.push({ state: place.state, occupant, member });
  }
  pass.queues.charge(unit.queue, unit, 1);
  for (const { state, occupant, member } of taken) pass.bindings.push(bindingOf(member, state, occupant));
  return true;
}

function placeFor(pass: Pass, ask: Ask): { state: NodeState; held: Held } | undefined {
  const untilMs = pass.nowMs + ask.longestMs;
  const found = ask.targets.length === 0 ? { state: pass.index.best(ask, untilMs), target: undefined } : firstTarget(pass, ask, untilMs);
  return found?.state && { state: found.state, held: grantOn(found.state, ask, found.target, untilMs) };
}

function firstTarget(pass: Pass, ask: Ask, untilMs: number): { state: NodeState; target: Target } | undefined {
  for (const target of ask.targets) {
    const state = pass.ledger.stateOf(target.node);
    if (state && !lackOn(state, ask, target, untilMs)) return { state, target };
  }
  return undefined;
}

function occupantOf({ nowMs }: Pass, member: Pending, state: NodeState, held: Held): Occupant {
  const { key, namespace, priority, gang, queue, ask } = member;
  return {
    ...held,
    ...{ key, namespace, priority, node: state.facts.name, startedMs: nowMs, longestMs: ask.longestMs, expectedMs: ask.expectedMs },
    ...(gang && { gang }),
    ...(queue !== undefined && { queue }),
    // What starts in this pass is not sent away in it.
    ...{ graceMs: 0, isLeaving: false, mayBeEvicted: false },
    endMs: nowMs + ask.longestMs,
  };
}

function bindingOf({ key }: Pending, state: NodeState, held: Held): Binding {
  return {
    ...{ key, node: state.facts.name, cores: held.cores },
    gpus: state.facts.gpus.filter(({ index }) => held.gpus.includes(index)),
    ...(held.numaNode !== undefined && { numaNode: held.numaNode }),
  };
}

/** Keeps room for a unit that waits: for the first of its queue, and for whoever sends others away. */
function reserve(pass: Pass, unit: Unit): { plan?: Plan; evicts?: number } {
  if (pass.reservations >= pass.options.mostReservations) return {};
  const evictions = evict(pass, unit);
  if (evictions) {
    keep(pass, unit, evictions);
    return { plan: evictions, evicts: evictions.victims.length };
  }
  if (unit.queue.head !== undefined) return {};
  const plan = earliestStart(pass.ledger, unit, pass.nowMs);
  if (!plan) return {};
  keep(pass, unit, plan);
  return { plan };
}

function keep(pass: Pass, unit: Unit, plan: Plan): void {
  unit.queue.head ??= unit.members[0]?.key ?? '';
  pass.reservations++;
  for (const { key, state, held } of plan.places) {
    pass.ledger.reserve(state, { ...held, forKey: key, startMs: plan.startMs, gone: plan.gone });
  }
}

function evict(pass: Pass, unit: Unit) {
  const [first] = unit.members;
  if (unit.priority <= pass.lowest && isBeyondQuota(unit.queue, unit.wants)) return undefined;
  const hope = `${unit.priority} ${unit.members.length} ${unit.queue.facts.name} ${first?.mayPreempt} ${first?.ask.shape}`;
  if (!first || pass.hopeless.has(hope)) return undefined;
  const plan = planEvictions(pass.ledger, pass.queues, unit, pass.nowMs);
  if (!plan) {
    pass.hopeless.add(hope);
    return undefined;
  }
  for (const { occupant } of plan.victims) {
    occupant.isLeaving = true;
    occupant.endMs = pass.nowMs + occupant.graceMs;
    add(pass.queues.of(occupant).leaving, heldAmounts(occupant), 1);
    const reason = occupant.priority < unit.priority ? 'Preempted' : 'Reclaimed';
    pass.evictions.push({ key: occupant.key, forKey: first.key, reason, graceMs: occupant.graceMs });
  }
  return plan;
}
