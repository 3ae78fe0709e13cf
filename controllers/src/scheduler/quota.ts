import { isBeyondQuota, type QueueState, type Queues, type Unit } from './queues.ts';
import { type ResourceName, resources } from './snapshot.ts';

/** Why a queue does not let a unit start now. */
export interface QuotaLack {
  reason: 'Missing' | 'Foreign' | 'Held' | 'MaxRunning' | 'MaxRunningPerNamespace' | 'Quota' | 'BorrowLimit' | 'Unlent' | 'Behind';
  resource?: ResourceName;
  missing?: number;
  /** For whom it must wait. */
  behind?: string;
  /** No waiting helps: it asks for more than the queue may ever have. */
  isLasting: boolean;
}

/** Whether its queue lets a unit start now, wherever there may be room. */
export function lackOfQuota(queues: Queues, unit: Unit): QuotaLack | undefined {
  const { queue } = unit;
  return lackOfEntry(queue, unit) ?? lackOfCounts(queue, unit) ?? lackOfAmounts(queue, unit) ?? lackOfIdle(queues, queue, unit);
}

function lackOfEntry(queue: QueueState, unit: Unit): QuotaLack | undefined {
  const [first] = unit.members;
  const { facts } = queue;
  if (facts.isMissing) return { reason: 'Missing', isLasting: false };
  if (facts.isHeld) return { reason: 'Held', isLasting: false };
  if (first && !facts.isOpen && !facts.namespaces.includes(first.namespace)) return { reason: 'Foreign', isLasting: false };
  return undefined;
}

function lackOfCounts(queue: QueueState, unit: Unit): QuotaLack | undefined {
  const { maxRunning, maxRunningPerNamespace } = queue.facts;
  const { length } = unit.members;
  if (maxRunning !== undefined && queue.running + length > maxRunning)
    return { reason: 'MaxRunning', missing: queue.running + length - maxRunning, isLasting: length > maxRunning };
  if (maxRunningPerNamespace === undefined) return undefined;
  const over = (queue.runningIn.get(unit.members[0]?.namespace ?? '') ?? 0) + length - maxRunningPerNamespace;
  return over > 0 ? { reason: 'MaxRunningPerNamespace', missing: over, isLasting: length > maxRunningPerNamespace } : undefined;
}

/** The most that a queue may ever have of something. */
function ceilingOf({ facts }: QueueState, name: ResourceName): number {
  const quota = facts.quota?.[name];
  if (quota === undefined) return Number.POSITIVE_INFINITY;
  return facts.mayBorrow ? quota + (facts.borrowLimit?.[name] ?? Number.POSITIVE_INFINITY) : quota;
}

function lackOfAmounts(queue: QueueState, { wants }: Unit): QuotaLack | undefined {
  for (const name of resources) {
    if (wants[name] === 0) continue;
    const ceiling = ceilingOf(queue, name);
    const missing = queue.used[name] + wants[name] - ceiling;
    const reason = queue.facts.mayBorrow ? 'BorrowLimit' : 'Quota';
    if (missing > 0) return { reason, resource: name, missing, isLasting: wants[name] > ceiling };
    const behind = queue.blocked.get(name);
    if (behind !== undefined) return { reason: 'Behind', resource: name, behind, isLasting: false };
  }
  return undefined;
}

/** What is beyond the quota must leave alone what other queues are sure of and do not lend. */
function lackOfIdle(queues: Queues, queue: QueueState, unit: Unit): QuotaLack | undefined {
  if (!isBeyondQuota(queue, unit.wants)) return undefined;
  for (const name of resources) {
    if (unit.wants[name] === 0) continue;
    const kept = queues.miserly.reduce((sum, other) => (other === queue ? sum : sum + unlentOf(other, name)), 0);
    if (kept === 0) continue;
    const missing = queues.used[name] + unit.wants[name] + kept - queues.total[name];
    if (missing > 0) return { reason: 'Unlent', resource: name, missing, isLasting: false };
  }
  return undefined;
}

/** An earlier one that waits for its quota is not overtaken by later ones that want of the same. */
export function blockQueue(unit: Unit, lack: QuotaLack): void {
  const key = unit.members[0]?.key;
  if (lack.isLasting || lack.resource === undefined || key === undefined) return;
  if (lack.reason === 'Quota' || lack.reason === 'BorrowLimit') unit.queue.blocked.set(lack.resource, key);
}

const unlentOf = (queue: QueueState, name: ResourceName): number =>
  queue.facts.lends ? 0 : Math.max(0, (queue.facts.quota?.[name] ?? 0) - queue.used[name]);
