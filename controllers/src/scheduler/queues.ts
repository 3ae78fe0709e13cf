import { heap } from './heap.ts';
import { byText } from './ledger.ts';
import { type Amounts, type Ask, type Pending, type QueueFacts, type ResourceName, resources, type Snapshot } from './snapshot.ts';

/** Those who start together: one placement, or the members of a gang that are not bound yet. */
export interface Unit {
  members: readonly Pending[];
  queue: QueueState;
  priority: number;
  createdMs: number;
  /** Members of its gang that are bound: it must not be left half started. */
  boundMembers: number;
  /** Others were sent away for it, and the room that they left is there. */
  isAwaited: boolean;
  wants: Amounts;
}

export interface QueueState {
  facts: QueueFacts;
  used: Amounts;
  /** The part of `used` whose holders have been asked to end. */
  leaving: Amounts;
  running: number;
  runningIn: Map<string, number>;
  /** In the order in which they are considered. */
  units: Unit[];
  next: number;
  /** What an earlier one of the queue waits for its quota of: a later one must not take it. */
  blocked: Map<ResourceName, string>;
  /** The first that waits for room, and so has a reservation. */
  head?: string;
}

export interface Queues {
  /** What the cluster has, without nodes that take nothing. */
  total: Amounts;
  /** What all queues use. */
  used: Amounts;
  /** Those that keep what they are sure of even while they leave it idle. */
  miserly: readonly QueueState[];
  of(claim: { namespace: string; queue?: string }): QueueState;
  states(): Iterable<QueueState>;
  /** The next unit by rank: see {@link ranksBefore}. Each is given once. */
  next(): Unit | undefined;
  charge(queue: QueueState, unit: Unit, sign: 1 | -1): void;
  shareOf(queue: QueueState): number;
}

export const none = (): Amounts => ({ cpuMillis: 0, memoryBytes: 0, storageBytes: 0, gpus: 0 });
export const gpusAsked = (ask: Ask): number => ask.gpus?.count ?? ask.targets[0]?.gpus?.length ?? 0;
export const wantsOf = (ask: Ask): Amounts => ({
  cpuMillis: ask.cpuMillis,
  memoryBytes: ask.memoryBytes,
  storageBytes: ask.storageBytes,
  gpus: gpusAsked(ask),
});
export const add = (to: Amounts, what: Amounts, sign: 1 | -1): void => {
  for (const name of resources) to[name] += sign * what[name];
};
const sumOf = (all: readonly Amounts[]): Amounts => {
  const sum = none();
  for (const each of all) add(sum, each, 1);
  return sum;
};
export const heldAmounts = (held: { cpuMillis: number; memoryBytes: number; storageBytes: number; gpus: readonly number[] }): Amounts => ({
  cpuMillis: held.cpuMillis,
  memoryBytes: held.memoryBytes,
  storageBytes: held.storageBytes,
  gpus: held.gpus.length,
});

/** Whoever belongs to no queue is charged with its namespace, which weighs as much as a queue of weight 1. */
const ownQueue = (namespace: string): QueueFacts => ({
  name: `namespace ${namespace}`,
  weight: 1,
  namespaces: [namespace],
  isOpen: false,
  mayBorrow: true,
  lends: true,
  isHeld: false,
});

export function openQueues(snapshot: Snapshot): Queues {
  const named = new Map(snapshot.queues.toSorted((a, b) => byText(a.name, b.name)).map((facts) => [facts.name, openQueue(facts)]));
  const ofNamespace = new Map<string, QueueState>();
  for (const queue of named.values())
    for (const namespace of queue.facts.namespaces) if (!ofNamespace.has(namespace)) ofNamespace.set(namespace, queue);

  const of = (claim: { namespace: string; queue?: string }): QueueState => {
    const found = claim.queue === undefined ? ofNamespace.get(claim.namespace) : named.get(claim.queue);
    if (found) return found;
    const made = openQueue(claim.queue === undefined ? ownQueue(claim.namespace) : missingQueue(claim.queue));
    if (claim.queue === undefined) ofNamespace.set(claim.namespace, made);
    else named.set(claim.queue, made);
    return made;
  };
  const states = () => new Set([...named.values(), ...ofNamespace.values()]);

  const total = sumOf(snapshot.nodes.filter((node) => node.isReady && !node.isCordoned).map((node) => node.allocatable));
  const used = none();
  for (const holder of snapshot.holders) {
    const queue = of(holder);
    const held = heldAmounts(holder);
    add(used, held, 1);
    add(queue.used, held, 1);
    if (holder.isLeaving) add(queue.leaving, held, 1);
    count(queue, holder.namespace, 1);
  }
  for (const unit of unitsOf(snapshot, of)) unit.queue.units.push(unit);

  const shareOf = (queue: QueueState): number => dominantShare(queue.used, total) + (snapshot.usage[queue.facts.name] ?? 0);
  const turns = heap<Turn>(ranksBefore);
  const enter = (queue: QueueState) => {
    const unit = queue.units[queue.next++];
    if (unit) turns.push({ unit, isBeyond: isBeyondQuota(queue, unit.wants), share: weighted(shareOf(queue), queue.facts.weight) });
  };
  for (const queue of states()) {
    queue.units.sort(unitOrder);
    enter(queue);
  }
  let last: QueueState | undefined;
  return {
    ...{ total, used, of, states, shareOf },
    miserly: [...named.values()].filter(({ facts }) => !facts.lends),
    next() {
      if (last) enter(last);
      const turn = turns.pop();
      last = turn?.unit.queue;
      return turn?.unit;
    },
    charge(queue, unit, sign) {
      add(queue.used, unit.wants, sign);
      add(used, unit.wants, sign);
      for (const { namespace } of unit.members) count(queue, namespace, sign);
    },
  };
}

const missingQueue = (name: string): QueueFacts => ({ ...ownQueue(''), name, namespaces: [], isMissing: true });

function openQueue(facts: QueueFacts): QueueState {
  return { facts, used: none(), leaving: none(), running: 0, runningIn: new Map(), units: [], next: 0, blocked: new Map() };
}

function count(queue: QueueState, namespace: string, sign: 1 | -1): void {
  queue.running += sign;
  queue.runningIn.set(namespace, (queue.runningIn.get(namespace) ?? 0) + sign);
}

/** Those that are charged to different queues are different gangs. */
const gangKey = (claim: { namespace: string; queue?: string; gang?: { name: string } }): string | undefined =>
  claim.gang && `${claim.namespace}/${claim.queue ?? ''}/${claim.gang.name}`;

function unitsOf(snapshot: Snapshot, of: Queues['of']): Unit[] {
  const bound = new Map<string, number>();
  for (const holder of snapshot.holders) {
    const key = gangKey(holder);
    if (key !== undefined) bound.set(key, (bound.get(key) ?? 0) + 1);
  }
  const alone = snapshot.pending.flatMap((pending) => (pending.gang ? [] : unitOf([pending], of, 0)));
  const gangs = Map.groupBy(
    snapshot.pending.filter(({ gang }) => gang),
    (pending) => gangKey(pending) ?? pending.key,
  );
  const together = [...gangs].flatMap(([key, group]) =>
    unitOf(
      group.toSorted((a, b) => byText(a.key, b.key)),
      of,
      bound.get(key) ?? 0,
    ),
  );
  return [...alone, ...together];
}

function unitOf(members: readonly Pending[], of: Queues['of'], boundMembers: number): Unit[] {
  const [first] = members;
  if (!first) return [];
  const queue = of(first);
  const isAwaited = members.some(({ roomOn }) => roomOn !== undefined);
  if (members.length === 1) {
    return [{ members, queue, priority: first.priority, createdMs: first.createdMs, boundMembers, isAwaited, wants: wantsOf(first.ask) }];
  }
  const priority = members.reduce((least, each) => Math.min(least, each.priority), Number.POSITIVE_INFINITY);
  const createdMs = members.reduce((latest, each) => Math.max(latest, each.createdMs), 0);
  return [{ members, queue, priority, createdMs, boundMembers, isAwaited, wants: sumOf(members.map(({ ask }) => wantsOf(ask))) }];
}

/** Inside a queue: whom room was made for, what has begun, then the higher priority, then the older. */
const unitOrder = (a: Unit, b: Unit): number =>
  Number(b.isAwaited) - Number(a.isAwaited) ||
  Number(b.boundMembers > 0) - Number(a.boundMembers > 0) ||
  b.priority - a.priority ||
  a.createdMs - b.createdMs ||
  byText(a.members[0]?.key ?? '', b.members[0]?.key ?? '');

interface Turn {
  unit: Unit;
  isBeyond: boolean;
  share: number;
}

/** Among queues: whom room was made for, who stays within its quota, then the higher priority, then who has had the least for its weight, then the older. */
function ranksBefore(a: Turn, b: Turn): boolean {
  if (a.unit.isAwaited !== b.unit.isAwaited) return a.unit.isAwaited;
  if (a.isBeyond !== b.isBeyond) return b.isBeyond;
  if (a.unit.priority !== b.unit.priority) return a.unit.priority > b.unit.priority;
  if (a.share !== b.share) return a.share < b.share;
  return unitOrder(a.unit, b.unit) < 0;
}

const weighted = (share: number, weight: number) => (weight > 0 ? share / weight : Number.POSITIVE_INFINITY);

export function dominantShare(used: Amounts, total: Amounts): number {
  let most = 0;
  for (const name of resources) if (total[name] > 0) most = Math.max(most, used[name] / total[name]);
  return most;
}

/** Whether it would not be covered by the quota of its queue, which is sure of nothing that its quota does not name. */
export function isBeyondQuota(queue: QueueState, wants: Amounts): boolean {
  const quota = queue.facts.quota ?? {};
  const named = resources.filter((name) => quota[name] !== undefined && wants[name] > 0);
  return named.length === 0 || named.some((name) => queue.used[name] + wants[name] > (quota[name] ?? 0));
}

/** Whether a holder uses what its queue is not sure of, when `gone` of the queue's use has been given back. */
export function isBorrowed(queue: QueueState, held: Amounts, gone: Amounts): boolean {
  const quota = queue.facts.quota ?? {};
  const named = resources.filter((name) => quota[name] !== undefined && held[name] > 0);
  return named.length === 0 || named.some((name) => queue.used[name] - queue.leaving[name] - gone[name] > (quota[name] ?? 0));
}
