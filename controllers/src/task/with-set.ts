import { type Task, TaskSet } from '@river/crds/kinds';
import { uidOf } from '../decide/changes.ts';
import type { View } from '../decide/decision.ts';

export const setOf = ({ metadata }: Task) => metadata.ownerReferences?.find(({ kind }) => kind === TaskSet.kind);

/** The Task as its set wants it: who cancels a set cancels each of its Tasks, in one write however many they are. It cannot be taken back. */
export function withSet(task: Task, view: View): Task {
  const owner = task.spec.cancel ? undefined : setOf(task);
  const set = owner && view.get(TaskSet, owner.name, task.metadata.namespace);
  const isCancelled = set?.spec.cancel === true && uidOf(set) === owner?.uid;
  return isCancelled ? { ...task, spec: { ...task.spec, cancel: true } } : task;
}
