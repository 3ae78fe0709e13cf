import { type FinalPhase, isFinalPhase, phaseOf } from '@river/crds';
import type { Task } from '@river/crds/kinds';
import { timeOf, writeStatus } from '../decide/changes.ts';
import { dropConditions, type Said, setConditions } from '../decide/conditions.ts';
import type { Change, Now } from '../decide/decision.ts';
import { specDigest } from './spec-digest.ts';

export type TaskStatus = NonNullable<Task['status']>;

/** Fields to set; undefined takes one away. */
export type Fields = { [Field in keyof TaskStatus]?: TaskStatus[Field] | undefined };

export const isFinal = ({ status }: Task): boolean => isFinalPhase(status?.phase);

/** The conditions that tell of the newest attempt. */
const attemptConditions = ['Scheduled', 'Accepted', 'Running', 'Paused', 'Reachable'];

/** The fields that tell of the newest attempt. */
export const noAttempt: Fields = {
  node: undefined,
  address: undefined,
  gpus: undefined,
  exitCode: undefined,
  reason: undefined,
  message: undefined,
  startTime: undefined,
  finishTime: undefined,
  waiting: undefined,
  nextAttemptTime: undefined,
};

/** The status with these conditions and fields. What it said of an attempt is said anew each time. */
export function statusWith(task: Task, said: readonly Said[], fields: Fields, now: Now): Change[] {
  const before = task.status ?? {};
  const at = { time: timeOf(now), generation: task.metadata.generation };
  const stale = attemptConditions.filter((type) => !said.some((condition) => condition.type === type));
  const conditions = dropConditions(setConditions(before.conditions, said, at), stale);
  const known = { ...before, ...fields, conditions, phase: phaseOf(conditions), specDigest: before.specDigest ?? specDigest(task) };
  const status = { ...known, ...(task.metadata.generation !== undefined && { observedGeneration: task.metadata.generation }) };
  return writeStatus(task, Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined)));
}

/** It waits, and why. */
export function waitFor(task: Task, reason: string, message: string, now: Now, more: { said?: Said[]; fields?: Fields } = {}): Change[] {
  const scheduled: Said = { type: 'Scheduled', status: 'False', reason, message };
  const fields = { ...more.fields, waiting: { reason, message } };
  return statusWith(task, [scheduled, ...(more.said ?? [])], fields, now);
}

/** It ends, for good: nothing is written into a Task after this. */
export function conclude(task: Task, phase: FinalPhase, fields: Fields & { reason: string; message: string }, now: Now): Change[] {
  const finished: Said = { type: 'Finished', status: 'True', reason: phase, message: fields.message };
  const kept = (task.status?.conditions ?? []).filter(({ type }) => attemptConditions.includes(type));
  const ended = { finishTime: timeOf(now), ...fields, waiting: undefined, nextAttemptTime: undefined };
  return statusWith(task, [...kept, finished], ended, now);
}
