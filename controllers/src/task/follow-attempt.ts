import { isDeepStrictEqual } from 'node:util';
import { durationMs, isFinalPhase, type Json, type JsonObject } from '@river/crds';
import { Node, type Placement, type Task } from '@river/crds/kinds';
import { decide, tell, timeOf } from '../decide/changes.ts';
import { conditionOf, type Said } from '../decide/conditions.ts';
import type { Change, Decision, Now, View } from '../decide/decision.ts';
import { stopPlacement } from '../placement/placement-state.ts';
import { wantedPower } from './make-placement.ts';
import { backoffOf, outcomeOf, verdictOn } from './retry.ts';
import { schedulingFields } from './spec-digest.ts';
import { conclude, type Fields, noAttempt, statusWith, waitFor } from './task-status.ts';
import { tellOfEnd } from './tell-of-end.ts';

/** How many attempts are told of, and kept as Placements. */
export const keptAttempts = 10;

/** Longer than its node may take over ending it, before the controller asks for the same. */
const timeoutSlackMs = 60_000;

/** The newest attempt is under way, or has just ended. */
export function followAttempt(task: Task, attempt: Placement, view: View, now: Now): Decision {
  const phase = attempt.status?.phase;
  if (isFinalPhase(phase)) return decide(attemptEnded(task, attempt, phase, now));
  const timeout = overdueAt(attempt, view, now);
  const isOverdue = timeout !== undefined && timeout <= now.monotonicMs;
  const steering = steer(task, attempt, isOverdue, now);
  // What is ended here before a node had it is told of as ended, in the next turn.
  if (steering.some(({ act }) => act === 'status')) return decide(steering);
  return decide([...steering, ...mirror(task, attempt, view, now)], isOverdue ? undefined : timeout);
}

function attemptEnded(task: Task, attempt: Placement, phase: Parameters<typeof outcomeOf>[1], now: Now): Change[] {
  const outcome = outcomeOf(attempt, phase);
  const { exitCode, startTime, finishTime } = attempt.status ?? {};
  const ran = { exitCode, startTime, finishTime: finishTime ?? timeOf(now) };
  const entry = { attempt: attempt.spec.attempt, ...outcome, node: attempt.spec.nodeName, ...ran };
  const history = [...(task.status?.history ?? []), compact(entry)].slice(-keptAttempts);
  const where: Fields = { history, node: attempt.spec.nodeName, ...ran };
  const verdict = verdictOn(task, outcome);
  if (verdict.again && !task.spec.cancel) return tryAgain(task, outcome, verdict.counts, where, now);
  // What was cancelled before it could start, or in a way that tells nothing, was killed.
  const final = task.spec.cancel && ['Stopped', 'Rejected'].includes(outcome.phase) ? 'Killed' : outcome.phase;
  const said = { ...outcome, message: outcome.message || outcome.reason };
  return [
    ...conclude(task, final, { ...where, reason: said.reason, message: said.message }, now),
    ...tellOfEnd(task, final, `Attempt ${attempt.spec.attempt} was the last: ${said.message}`),
  ];
}

function tryAgain(task: Task, outcome: ReturnType<typeof outcomeOf>, counts: boolean, where: Fields, now: Now): Change[] {
  const retries = (task.status?.retries ?? 0) + (counts ? 1 : 0);
  const waitMs = backoffOf(task, where.history ?? [], retries);
  const nextAttemptTime = new Date(now.wallMs + waitMs).toISOString();
  const message = `the last attempt ended ${outcome.phase} (${outcome.reason}); the next begins in ${waitMs / 1000} s`;
  const fields = { ...noAttempt, ...where, retries, nextAttemptTime, reason: outcome.reason, message: outcome.message };
  return [...waitFor(task, 'Backoff', message, now, { fields }), tell(task, 'Warning', 'AttemptEnded', message)];
}

/** Has the attempt do what the Task wants by now. */
function steer(task: Task, attempt: Placement, isOverdue: boolean, now: Now): Change[] {
  const power = isOverdue ? 'Stopped' : wantedPower(task);
  if (power === 'Stopped') return stopPlacement(attempt, task.spec.cancel ? 'Cancelled' : 'Timeout', now);
  // What somebody else has ended only has to be ended with; another power cannot be given to it.
  if (attempt.spec.power === 'Stopped') return attempt.spec.nodeName === undefined ? stopPlacement(attempt, 'Deleted', now) : [];
  const changed = {
    ...(attempt.spec.power !== power && { power }),
    ...(attempt.spec.nodeName === undefined && newSchedule(task, attempt)),
  };
  return Object.keys(changed).length === 0 ? [] : [{ act: 'patch', of: attempt, body: { spec: changed } }];
}

/** While no node has it, where it may go and in which order still follows the Task. A merge patch keeps keys that it does not name. */
function newSchedule(task: Task, attempt: Placement): JsonObject {
  const differing = schedulingFields.filter((field) => !isDeepStrictEqual(task.spec[field], attempt.spec[field]));
  return Object.fromEntries(differing.map((field) => [field, replacing(attempt.spec[field], task.spec[field])]));
}

const replacing = (old: Json | undefined, wanted: Json | undefined): Json => {
  if (wanted === undefined) return null;
  if (typeof wanted !== 'object' || Array.isArray(wanted) || wanted === null) return wanted;
  return { ...Object.fromEntries(Object.keys(old ?? {}).map((key) => [key, null])), ...wanted };
};

/** What is said until the scheduler has said more. */
export const forANode = { reason: 'Waiting', message: 'for a node' };

/** The Task says what its attempt says, and whether that can still be heard. */
function mirror(task: Task, attempt: Placement, view: View, now: Now): Change[] {
  const { nodeName, gpus } = attempt.spec;
  const { conditions, startTime, address, reason, message, waiting } = attempt.status ?? {};
  const told: Said[] = ['Accepted', 'Running', 'Paused'].flatMap((type) => {
    const condition = conditionOf(conditions, type);
    return condition ? [{ type, status: condition.status, reason: condition.reason, message: condition.message }] : [];
  });
  const fields: Fields = {
    ...noAttempt,
    placement: attempt.metadata.name,
    startTime,
    address: address ?? attempt.spec.address,
    reason,
    message,
  };
  if (nodeName === undefined) {
    const why = task.spec.suspend ? { reason: 'Suspended', message: 'resume it to go on' } : (waiting ?? forANode);
    const scheduled: Said = { type: 'Scheduled', status: 'False', reason: why.reason, message: why.message ?? '' };
    return statusWith(task, [scheduled, ...told], { ...fields, waiting: why }, now);
  }
  const scheduled: Said = { type: 'Scheduled', status: 'True', reason: 'Bound', message: `node ${nodeName} has it` };
  const indexes = gpus?.map(({ index }) => index);
  return statusWith(task, [scheduled, ...told, reachable(nodeName, view)], { ...fields, node: nodeName, gpus: indexes }, now);
}

function reachable(nodeName: string, view: View): Said {
  const node = view.get(Node, nodeName);
  const said = conditionOf(node?.status?.conditions, 'Reachable');
  if (node && said?.status !== 'False') return { type: 'Reachable', status: 'True', reason: 'Answers', message: '' };
  const message = node ? `node ${nodeName}: ${said?.message ?? ''}` : `node ${nodeName} is not there any more`;
  return { type: 'Reachable', status: 'False', reason: said?.reason ?? 'NodeGone', message };
}

/** When its node should long have ended it for its time. While nobody hears of the node, nothing can be asked of it. */
function overdueAt(attempt: Placement, view: View, now: Now): number | undefined {
  const { timeout, gracePeriod, nodeName, power } = attempt.spec;
  const isRunning = conditionOf(attempt.status?.conditions, 'Running')?.status === 'True';
  if (timeout === undefined || nodeName === undefined || power === 'Stopped' || !isRunning) return undefined;
  if (reachable(nodeName, view).status === 'False') return undefined;
  return (view.seenAt(attempt) ?? now.monotonicMs) + durationMs(timeout) + durationMs(gracePeriod) + timeoutSlackMs;
}

/** Without the fields that are not known. */
const compact = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
