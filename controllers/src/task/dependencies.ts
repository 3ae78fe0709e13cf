import { isFinalPhase } from '@river/crds';
import { Task } from '@river/crds/kinds';
import type { View } from '../decide/decision.ts';

type Dependency = NonNullable<Task['spec']['dependsOn']>[number];

export type Readiness = { is: 'Ready' } | { is: 'Waiting'; message: string } | { is: 'Impossible'; reason: string; message: string };

/** How far a search for circles goes. A longer one waits, and says for whom. */
const mostSearched = 10_000;

/** Whether what comes first has come, may still come, or cannot any more. */
export function readinessOf(task: Task, view: View): Readiness {
  const all = task.spec.dependsOn ?? [];
  const open = all.flatMap((dependency) => {
    const other = view.get(Task, dependency.name, task.metadata.namespace);
    const is = other ? stateOf(other, dependency.condition) : 'Open';
    return is === 'Reached' ? [] : [{ dependency, other, is }];
  });
  const never = open.find(({ is }) => is === 'Never');
  if (never) {
    const { name, condition } = never.dependency;
    return {
      is: 'Impossible',
      reason: 'DependencyFailed',
      message: `Task ${name} is ${never.other?.status?.phase}, so never ${condition}`,
    };
  }
  const first = open[0];
  if (!first) return { is: 'Ready' };
  if (waitsForItself(task, view)) return { is: 'Impossible', reason: 'DependencyCycle', message: 'it waits, through others, for itself' };
  const { name, condition } = first.dependency;
  return { is: 'Waiting', message: first.other ? `for Task ${name} to be ${condition}` : `for Task ${name}, which is not there` };
}

function stateOf({ status }: Task, condition: Dependency['condition']): 'Reached' | 'Open' | 'Never' {
  const isOver = isFinalPhase(status?.phase);
  const hasStarted = status?.startTime !== undefined || (status?.history ?? []).some(({ startTime }) => startTime !== undefined);
  if (condition === 'Started') return hasStarted ? 'Reached' : isOver ? 'Never' : 'Open';
  if (!isOver) return 'Open';
  if (condition === 'Finished') return 'Reached';
  return (condition === 'Succeeded') === (status?.phase === 'Succeeded') ? 'Reached' : 'Never';
}

/** Follows what has not ended yet. */
function waitsForItself(task: Task, view: View): boolean {
  const seen = new Set<string>();
  const next = [task];
  for (let at = next.pop(); at && seen.size < mostSearched; at = next.pop()) {
    for (const { name } of isFinalPhase(at.status?.phase) || hasBegun(at) ? [] : (at.spec.dependsOn ?? [])) {
      if (name === task.metadata.name) return true;
      const other = seen.has(name) ? undefined : view.get(Task, name, task.metadata.namespace);
      seen.add(name);
      if (other) next.push(other);
    }
  }
  return false;
}

const hasBegun = ({ status }: Task): boolean => (status?.attempts ?? 0) > 0;

/** Some Task has not begun that still looks at this one: it must not be deleted for its age. */
export const isAwaited = ({ metadata }: Task, view: View): boolean =>
  view
    .byIndex(Task, 'dependsOn', `${metadata.namespace}/${metadata.name}`)
    .some((other) => !isFinalPhase(other.status?.phase) && !hasBegun(other));
