import { Placement, type Task } from '@river/crds/kinds';
import { decide, isDeleting, tell, uidOf } from '../decide/changes.ts';
import type { Said } from '../decide/conditions.ts';
import { type Change, type Decision, type Now, nothing, type Reconciler, type View } from '../decide/decision.ts';
import { dueAt } from '../decide/elapsed.ts';
import { placementName } from '../placement/placement-name.ts';
import { isOver } from '../placement/placement-state.ts';
import { answerTo } from './approval.ts';
import { isAwaited, readinessOf } from './dependencies.ts';
import { followAttempt, forANode, keptAttempts } from './follow-attempt.ts';
import { makePlacement } from './make-placement.ts';
import { backoffOf } from './retry.ts';
import { conclude, isFinal, noAttempt, waitFor } from './task-status.ts';
import { tellOfEnd } from './tell-of-end.ts';
import { withSet } from './with-set.ts';

/** How often a finished Task that others wait for is looked at again. */
const awaitedMs = 30_000;

/** Moves a Task one step. Never starts what may still run elsewhere: the Placement's name is the lock, final is final. */
export const reconcileTask: Reconciler<Task> = (alone, view, now) => {
  if (isDeleting(alone)) return nothing;
  if (isFinal(alone)) return settled(alone, view, now);
  const task = withSet(alone, view);
  const newest = task.status?.attempts ?? 0;
  if (newest === (task.status?.history?.at(-1)?.attempt ?? 0)) return betweenAttempts(task, newest, view, now);
  const attempt = view.get(Placement, placementName(task, newest), task.metadata.namespace);
  // Raised, but not made: or made, and not seen here yet. Its name decides, unless the Task is another by now.
  if (!attempt)
    return decide([
      { act: 'confirm', of: task },
      { act: 'create', object: makePlacement(task, newest) },
    ]);
  if (attempt.spec.owner.uid !== uidOf(task)) return decide(startAttempt(task, newest + 1, view, now));
  return followAttempt(task, attempt, view, now);
};

/** Nothing runs: what has to come before the next attempt? */
function betweenAttempts(task: Task, ended: number, view: View, now: Now): Decision {
  if (task.spec.cancel) return decide(cancelled(task, now));
  const answer = answerTo(task, view, now);
  if (answer.is === 'Rejected') return decide(refused(task, answer, now));
  const said: Said[] = answer.is === 'NotNeeded' ? [] : [approved(answer.is === 'Approved', answer.message)];
  if (answer.is === 'Open') return decide(waitFor(task, 'Approval', answer.message, now, { said }), answer.again);
  if (ended === 0) {
    const readiness = readinessOf(task, view);
    if (readiness.is === 'Impossible') return decide(failed(task, readiness, now));
    if (readiness.is === 'Waiting') return decide(waitFor(task, 'Dependency', readiness.message, now, { said }));
  }
  if (task.spec.suspend) return decide(waitFor(task, 'Suspended', 'resume it to go on', now, { said }));
  const due = backoffOver(task, ended, view, now);
  if (now.monotonicMs < due) return decide([], due);
  return decide(startAttempt(task, ended + 1, view, now, said));
}

const approved = (isApproved: boolean, message: string): Said => ({
  type: 'Approved',
  status: isApproved ? 'True' : 'False',
  reason: isApproved ? 'Approved' : 'Waiting',
  message,
});

function cancelled(task: Task, now: Now): Change[] {
  const message = 'It was cancelled while nothing of it ran.';
  return [...conclude(task, 'Killed', { reason: 'Cancelled', message }, now), ...tellOfEnd(task, 'Killed', message)];
}

const refused = (task: Task, { reason, message }: { reason: string; message: string }, now: Now): Change[] => [
  ...conclude(task, 'Rejected', { reason, message }, now),
  tell(task, 'Warning', reason, message),
];

const failed = (task: Task, { reason, message }: { reason: string; message: string }, now: Now): Change[] => [
  ...conclude(task, 'Failed', { reason, message }, now),
  tell(task, 'Warning', reason, message),
];

/** Counted from when the end of the last attempt was first seen here. */
function backoffOver(task: Task, ended: number, view: View, now: Now): number {
  if (ended === 0) return now.monotonicMs;
  const attempt = view.get(Placement, placementName(task, ended), task.metadata.namespace);
  const seenMs = (attempt && isOver(attempt) ? view.seenAt(attempt) : undefined) ?? view.seenAt(task) ?? now.monotonicMs;
  return seenMs + backoffOf(task, task.status?.history ?? []);
}

/** The number is raised before the Placement is made, so that no number is ever used twice. */
function startAttempt(task: Task, attempt: number, view: View, now: Now, said: Said[] = []): Change[] {
  const name = placementName(task, attempt);
  const fields = { ...noAttempt, attempts: attempt, placement: name };
  return [
    ...waitFor(task, forANode.reason, forANode.message, now, { said, fields }),
    { act: 'create', object: makePlacement(task, attempt) },
    ...dropOldest(task, attempt, view),
  ];
}

function dropOldest(task: Task, attempt: number, view: View): Change[] {
  const oldest = view.get(Placement, placementName(task, attempt - keptAttempts), task.metadata.namespace);
  return oldest && isOver(oldest) && !isDeleting(oldest) ? [{ act: 'delete', of: oldest }] : [];
}

/** Final: what is left is to go when its time has come. */
function settled(task: Task, view: View, now: Now): Decision {
  const { ttlAfterFinished } = task.spec;
  if (ttlAfterFinished === undefined) return nothing;
  const due = dueAt(task, ttlAfterFinished, task.status?.finishTime, view, now);
  if (now.monotonicMs < due) return decide([], due);
  return isAwaited(task, view) ? decide([], now.monotonicMs + awaitedMs) : decide([{ act: 'delete', of: task }]);
}
