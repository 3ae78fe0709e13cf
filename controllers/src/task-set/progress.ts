import { isFinalPhase } from '@river/crds';
import { Task, type TaskSet } from '@river/crds/kinds';
import { uidOf } from '../decide/changes.ts';
import type { View } from '../decide/decision.ts';
import { indexLabel, memberName } from './members.ts';
import { addNumbers, countOf, includes, parseRanges, type Ranges } from './ranges.ts';

export interface Member {
  index: number;
  task: Task;
  isOver: boolean;
}

/** How far a set has come, by what its status says and by what its Tasks say now. */
export interface Progress {
  members: Member[];
  active: Member[];
  /** Indexes that have ended. */
  ended: Ranges;
  /** Of those, as the status has it already: only such a Task may be deleted. */
  recorded: Ranges;
  succeeded: Ranges;
  failed: Ranges;
  succeededCount: number;
  failedCount: number;
}

export function progressOf(set: TaskSet, view: View): Progress {
  const { status = {} } = set;
  const members = view.byIndex(Task, 'owner', uidOf(set)).flatMap((task): Member[] => {
    const text = task.metadata.labels?.[indexLabel] ?? '';
    const index = Number(text);
    // Anybody may put a label on a Task: it is a member only under the name that it was made with.
    const isMember = /^(0|[1-9][0-9]{0,6})$/.test(text) && task.metadata.name === memberName(set, index);
    return isMember && task.metadata.namespace === set.metadata.namespace
      ? [{ index, task, isOver: isFinalPhase(task.status?.phase) }]
      : [];
  });
  const recorded = parseRanges(status.finishedIndexes);
  const fresh = members.filter(({ index, isOver }) => isOver && !includes(recorded, index));
  const good = fresh.filter(({ task }) => task.status?.phase === 'Succeeded').map(({ index }) => index);
  const bad = fresh.filter(({ task }) => task.status?.phase !== 'Succeeded').map(({ index }) => index);
  return {
    members,
    active: members.filter(({ isOver, index }) => !isOver && !includes(recorded, index)),
    recorded,
    ended: addNumbers(recorded, [...good, ...bad]),
    succeeded: addNumbers(parseRanges(status.completedIndexes), good),
    failed: addNumbers(parseRanges(status.failedIndexes), bad),
    // Counts of their own: the texts of what succeeded and failed are bounded, and may be cut.
    succeededCount: (status.succeeded ?? 0) + good.length,
    failedCount: (status.failed ?? 0) + bad.length,
  };
}

export const endedCount = ({ ended }: Progress): number => countOf(ended);
