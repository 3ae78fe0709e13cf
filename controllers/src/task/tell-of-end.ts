import type { FinalPhase } from '@river/crds';
import type { Task } from '@river/crds/kinds';
import { tell } from '../decide/changes.ts';
import type { Change } from '../decide/decision.ts';
import { setOf } from './with-set.ts';

/** What went as it was to go is told of the set, and not of each of its many Tasks. */
export function tellOfEnd(task: Task, phase: FinalPhase, message: string): Change[] {
  const isGood = phase === 'Succeeded' || (phase === 'Killed' && task.spec.cancel);
  return isGood && setOf(task) ? [] : [tell(task, isGood ? 'Normal' : 'Warning', phase, message)];
}
