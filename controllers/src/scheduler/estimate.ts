import { firstPlace, placeAll } from './earliest-start.ts';
import type { Cause, Wait } from './explain.ts';
import { grantOn } from './grant.ts';
import { heap } from './heap.ts';
import { lackOn } from './lack.ts';
import { type Ledger, type NodeState, type Occupant, occupy, vacate } from './ledger.ts';
import { add, heldAmounts, type QueueState, type Queues, type Unit } from './queues.ts';
import { blockQueue, lackOfQuota } from './quota.ts';
import type { Held } from './snapshot.ts';
import { openTrial } from './trial.ts';

interface End {
  atMs: number;
  state: NodeState;
  held: Held;
  queue: QueueState;
  namespace: string;
}

interface Playing {
  ledger: Ledger;
  queues: Queues;
  options: { mostEstimated: number };
  nowMs: number;
  waits: readonly Wait[];
}

/** How many times an ask is held against a node or a queue, at most: what one pass may spend on looking ahead. */
const mostChecks = 200_000;

/**
 * Plays on from here as if everything ran as long as expected and nothing new came: when each unit would start. Those beyond the most
 * that are played are told from the pace of those before. It leaves the ledger and the queues as the play has ended.
 */
export function estimateStarts({ ledger, queues, options, nowMs, waits }: Playing): Map<Unit, number> {
  const starts = new Map<Unit, number>();
  const awaited = waits.filter(({ cause }) => comesWithTime(cause)).map(({ unit }) => unit);
  const left = new Set(awaited.slice(0, options.mostEstimated));
  if (left.size === 0) return starts;
  // Who waits for room can start only where some was given back; the others wherever there is any.
  const anywhere = new Set(waits.filter(({ cause }) => cause.kind !== 'Resources').map(({ unit }) => unit));
  const ends = heap<End>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.state.at < b.state.at));
  for (const state of ledger.states)
    for (const occupant of state.occupants) {
      const atMs = expectedEnd(occupant, nowMs);
      if (Number.isFinite(atMs)) ends.push({ atMs, state, held: occupant, queue: queues.of(occupant), namespace: occupant.namespace });
    }
  let checks = 0;
  while (left.size > 0 && checks < mostChecks) {
    const freed = popTogether(ends);
    const [first] = freed;
    if (!first) break;
    for (const end of freed) giveBack(queues, end);
    const nodes = new Set(freed.map(({ state }) => state));
    for (const queue of queues.states()) queue.blocked.clear();
    const full = new Set<string>();
    for (const unit of left) {
      checks++;
      const isAnywhere = anywhere.has(unit);
      const shape = unit.members.length === 1 ? `${isAnywhere} ${unit.members[0]?.ask.shape}` : undefined;
      if (shape !== undefined && full.has(shape)) continue;
      const places = lookFor(ledger, queues, unit, isAnywhere ? undefined : nodes);
      if (places === 'NoRoom' && shape !== undefined) full.add(shape);
      if (typeof places === 'string') continue;
      starts.set(unit, first.atMs);
      left.delete(unit);
      begin(queues, unit, places, first.atMs, ends);
    }
  }
  extrapolate(starts, awaited, options.mostEstimated, nowMs);
  return starts;
}

const comesWithTime = (cause: Cause): boolean =>
  cause.kind === 'Quota' ? !cause.lack.isLasting && !['Held', 'Missing', 'Foreign'].includes(cause.lack.reason) : cause.kind !== 'Gang';

/** Who has run longer than expected is thought to be half way through what it will have over. */
function expectedEnd(occupant: Occupant, nowMs: number): number {
  if (occupant.isLeaving) return occupant.endMs;
  const startedMs = occupant.startedMs ?? nowMs;
  const atMs = startedMs + occupant.expectedMs;
  return Math.min(occupant.endMs, atMs > nowMs ? atMs : nowMs + (nowMs - startedMs) / 2);
}

function popTogether(ends: { peek(): End | undefined; pop(): End | undefined }): End[] {
  const first = ends.pop();
  if (!first) return [];
  const together = [first];
  while (ends.peek()?.atMs === first.atMs) {
    const next = ends.pop();
    if (next) together.push(next);
  }
  return together;
}

function giveBack(queues: Queues, { state, held, queue, namespace }: End): void {
  vacate(state, held);
  add(queue.used, heldAmounts(held), -1);
  add(queues.used, heldAmounts(held), -1);
  queue.running--;
  queue.runningIn.set(namespace, (queue.runningIn.get(namespace) ?? 0) - 1);
}

type Found = { state: NodeState; held: Held }[];

function lookFor(ledger: Ledger, queues: Queues, unit: Unit, only: ReadonlySet<NodeState> | undefined): Found | 'NoQuota' | 'NoRoom' {
  const lack = lackOfQuota(queues, unit);
  if (lack) {
    blockQueue(unit, lack);
    return 'NoQuota';
  }
  const ask = unit.members[0]?.ask;
  if (unit.members.length > 1 || !ask) {
    const trial = openTrial();
    const places = placeAll(trial, ledger, unit);
    trial.undo();
    return places ?? 'NoRoom';
  }
  if (!only || ask.targets.length > 0) {
    const place = firstPlace(ledger, ask, new Map());
    return place ? [place] : 'NoRoom';
  }
  for (const state of only)
    if (!lackOn(state, ask, undefined, Number.NEGATIVE_INFINITY))
      return [{ state, held: grantOn(state, ask, undefined, Number.NEGATIVE_INFINITY) }];
  return 'NoRoom';
}

function begin(queues: Queues, unit: Unit, places: Found, atMs: number, ends: { push(end: End): void }): void {
  queues.charge(unit.queue, unit, 1);
  places.forEach(({ state, held }, at) => {
    occupy(state, held);
    const member = unit.members[at];
    const endMs = atMs + Math.min(member?.ask.expectedMs ?? Infinity, member?.ask.longestMs ?? Infinity);
    if (member && Number.isFinite(endMs)) ends.push({ atMs: endMs, state, held, queue: unit.queue, namespace: member.namespace });
  });
}

/** Fewer than this many starts show no pace. */
const leastForPace = 10;

function extrapolate(starts: Map<Unit, number>, awaited: readonly Unit[], most: number, nowMs: number): void {
  if (awaited.length <= most || starts.size < leastForPace) return;
  const lastMs = [...starts.values()].reduce((latest, atMs) => Math.max(latest, atMs), nowMs);
  const paceMs = (lastMs - nowMs) / starts.size;
  awaited.slice(most).forEach((unit, at) => {
    starts.set(unit, Math.round(lastMs + (at + 1) * paceMs));
  });
}
