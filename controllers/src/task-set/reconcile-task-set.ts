import { type FinalPhase, isFinalPhase, phaseOf } from '@river/crds';
import { Task, type TaskSet } from '@river/crds/kinds';
import { decide, isDeleting, tell, timeOf, uidOf, writeStatus } from '../decide/changes.ts';
import { conditionOf, holds, type Said, setConditions } from '../decide/conditions.ts';
import { type Change, type Decision, type Now, nothing, type Reconciler, type Step, type View } from '../decide/decision.ts';
import { dueAt } from '../decide/elapsed.ts';
import { extentOf, makeMember, memberName, setLabel } from './members.ts';
import { endedCount, type Progress, progressOf } from './progress.ts';
import { addNumbers, boundedText, formatRanges, gapsBelow, includes } from './ranges.ts';

/** How many Tasks are made, changed or deleted in one turn. */
const mostPerTurn = 100;
/** How many may be under way, whatever the parallelism: each may part the ranges of what has ended. */
const mostActive = 8_000;
const mostText = 131_072;

type Status = NonNullable<TaskSet['status']>;

/** Makes the Tasks of a set as room appears, and writes down how they ended. */
export const reconcileTaskSet: Reconciler<TaskSet> = (set, view, now) => {
  if (isDeleting(set)) return nothing;
  const progress = progressOf(set, view);
  if (isFinalPhase(set.status?.phase)) return settled(set, progress, view, now);
  const extent = extentOf(set);
  if ('problem' in extent)
    return decide([
      ...finish(set, {}, { phase: 'Failed', reason: 'Invalid', message: extent.problem }, now),
      tell(set, 'Warning', 'Invalid', extent.problem),
    ]);
  const plan = planNext(set, progress, extent.total, view);
  const { steering, ...more } = steer(set, progress);
  const counts = countsOf(set, progress, plan, extent.total, now);
  const end = plan.isOver ? endOf(set, progress) : undefined;
  const written = end ? finish(set, counts, end, now) : writeStatus(set, statusOf(set, counts, saidOf(set, plan, more.isSteered), now));
  const changes = [...written, ...steering, ...make(set, plan, written.length > 0), ...forget(set, progress)];
  const hasMore = plan.hasMore || more.hasMore;
  return decide(
    end ? [...changes, tell(set, end.phase === 'Succeeded' ? 'Normal' : 'Warning', end.phase, end.message)] : changes,
    hasMore ? now.monotonicMs : undefined,
  );
};

interface Plan {
  /** Indexes that have a number already, or get one now, and no Task that is seen. */
  make: number[];
  nextIndex: number;
  active: number;
  isStopped: boolean;
  isOver: boolean;
  hasMore: boolean;
  /** A Task of somebody else that stands where one of ours is to be. */
  taken?: string;
}

function planNext(set: TaskSet, progress: Progress, total: number, view: View): Plan {
  const { parallelism, maxFailures, suspend, cancel } = set.spec;
  const known = addNumbers(
    progress.ended,
    progress.active.map(({ index }) => index),
  );
  const begun = set.status?.nextIndex ?? 0;
  const missing = gapsBelow(known, begun, mostPerTurn);
  const isStopped = cancel || (maxFailures !== undefined && progress.failedCount >= Math.max(1, maxFailures));
  const room = isStopped || suspend ? 0 : Math.min(parallelism, mostActive) - progress.active.length - missing.length;
  const fresh = Math.max(0, Math.min(room, total - begun, mostPerTurn - missing.length));
  const wanted = [...missing, ...Array.from({ length: fresh }, (_, at) => begun + at)];
  const taken = wanted.map((index) => memberName(set, index)).find((name) => isForeign(view.get(Task, name, set.metadata.namespace), set));
  const nextIndex = begun + fresh;
  const active = progress.active.length + wanted.length;
  return {
    make: taken === undefined ? wanted : [],
    nextIndex,
    active,
    isStopped,
    isOver: active === 0 && (isStopped || endedCount(progress) >= total),
    hasMore: taken === undefined && fresh > 0 && room > fresh && nextIndex < total,
    ...(taken !== undefined && { taken }),
  };
}

const isForeign = (task: Task | undefined, set: TaskSet): boolean =>
  task !== undefined && !(task.metadata.ownerReferences ?? []).some(({ uid }) => uid === uidOf(set));

/** A number is given before its Task is made. What has one and no Task is made now, unless the set is another by now. */
function make(set: TaskSet, { make }: Plan, isWritten: boolean): Change[] {
  if (make.length === 0) return [];
  // Also of a set that was cancelled: it ends at once, and so its end is written down like any other's.
  const creations = make.map((index): Step => ({ act: 'create', object: makeMember(set, index) }));
  const all: Change = { act: 'together', changes: creations };
  return isWritten ? [all] : [{ act: 'confirm', of: set }, all];
}

/** A pause is handed on when it changes, so that one Task may be paused and resumed by itself meanwhile. A cancel holds for all: see `withSet`. */
function steer(set: TaskSet, { active }: Progress): { steering: Change[]; isSteered: boolean; hasMore: boolean } {
  const { cancel, suspend, template } = set.spec;
  const wasSuspended = holds(set.status?.conditions, 'Paused');
  const wanted = suspend || template.spec.suspend;
  const toSuspend = suspend === wasSuspended || cancel ? [] : active.filter(({ task }) => task.spec.suspend !== wanted);
  const all = toSuspend.map(({ task }): Step => ({ act: 'patch', of: task, body: { spec: { suspend: wanted } } }));
  return {
    steering: all.length === 0 ? [] : [{ act: 'together', changes: all.slice(0, mostPerTurn) }],
    isSteered: all.length === 0,
    hasMore: all.length > mostPerTurn,
  };
}

/** Finished Tasks go, the lowest indexes first, once their end stands in the status that was seen. */
function forget(set: TaskSet, { members, recorded }: Progress): Change[] {
  const over = members.filter(({ isOver, index, task }) => isOver && includes(recorded, index) && !isDeleting(task));
  const surplus = Math.min(over.length - set.spec.keepFinished, mostPerTurn);
  if (surplus <= 0) return [];
  const oldest = over.sort((a, b) => a.index - b.index).slice(0, surplus);
  return [{ act: 'together', changes: oldest.map(({ task }) => ({ act: 'delete', of: task })) }];
}

type Counts = Partial<Status>;

function countsOf(set: TaskSet, progress: Progress, plan: Plan, total: number, now: Now): Counts {
  const { succeeded, failed, ended, succeededCount, failedCount } = progress;
  const waiting = plan.taken && { reason: 'NameTaken', message: `Task ${plan.taken} is there and belongs to somebody else: delete it` };
  const startTime = set.status?.startTime ?? (plan.nextIndex > 0 ? timeOf(now) : undefined);
  return {
    total,
    nextIndex: plan.taken ? (set.status?.nextIndex ?? 0) : plan.nextIndex,
    active: plan.taken ? progress.active.length : plan.active,
    succeeded: succeededCount,
    failed: failedCount,
    completedIndexes: boundedText(succeeded, mostText),
    failedIndexes: boundedText(failed, mostText),
    finishedIndexes: formatRanges(ended),
    selector: `${setLabel}=${uidOf(set)}`,
    ...(startTime !== undefined && { startTime }),
    ...(waiting && { waiting }),
  };
}

function saidOf(set: TaskSet, { nextIndex, isStopped }: Plan, isSteered: boolean): Said[] {
  const has = nextIndex > 0;
  const paused = conditionOf(set.status?.conditions, 'Paused');
  const isPaused = isSteered ? set.spec.suspend : paused?.status === 'True';
  return [
    { type: 'Scheduled', status: has ? 'True' : 'False', reason: has ? 'Begun' : 'Waiting', message: '' },
    { type: 'Accepted', status: has ? 'True' : 'False', reason: has ? 'Begun' : 'Waiting', message: '' },
    { type: 'Running', status: has ? 'True' : 'False', reason: isStopped ? 'Ending' : has ? 'Begun' : 'Waiting', message: '' },
    { type: 'Paused', status: isPaused ? 'True' : 'False', reason: isPaused ? 'Suspended' : 'NotSuspended', message: '' },
  ];
}

function statusOf(set: TaskSet, counts: Counts, said: Said[], now: Now): Status {
  const { waiting: _, ...before } = set.status ?? {};
  const { generation } = set.metadata;
  const conditions = setConditions(before.conditions, said, { time: timeOf(now), generation });
  const status = { ...before, ...counts, conditions, phase: phaseOf(conditions) };
  return generation === undefined ? status : { ...status, observedGeneration: generation };
}

interface End {
  phase: FinalPhase;
  reason: string;
  message: string;
}

function endOf({ spec }: TaskSet, { succeededCount, failedCount }: Progress): End {
  const message = `${succeededCount} succeeded, ${failedCount} ended otherwise`;
  if (spec.cancel) return { phase: 'Killed', reason: 'Cancelled', message };
  if (failedCount === 0) return { phase: 'Succeeded', reason: 'Succeeded', message };
  const isTooMany = spec.maxFailures !== undefined && failedCount >= Math.max(1, spec.maxFailures);
  return { phase: 'Failed', reason: isTooMany ? 'MaxFailures' : 'TasksFailed', message };
}

function finish(set: TaskSet, counts: Counts, { phase, reason, message }: End, now: Now): Change[] {
  const said: Said[] = [{ type: 'Finished', status: 'True', reason: phase, message }];
  return writeStatus(set, { ...statusOf(set, counts, said, now), reason, message, finishTime: timeOf(now) });
}

function settled(set: TaskSet, progress: Progress, view: View, now: Now): Decision {
  const kept = forget(set, progress);
  const { ttlAfterFinished } = set.spec;
  if (ttlAfterFinished === undefined) return decide(kept);
  const due = dueAt(set, ttlAfterFinished, set.status?.finishTime, view, now);
  return now.monotonicMs < due ? decide(kept, due) : decide([{ act: 'delete', of: set }]);
}
