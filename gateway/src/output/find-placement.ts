import { ApiError, isFinalPhase } from '@river/crds';
import type { Placement, Task } from '@river/crds/kinds';
import type { ApiClient } from '@river/runtime';
import type { TaskName } from '../people/judge.ts';

/** One attempt of a Task, and the node that has it. */
export interface FoundAttempt {
  node: string;
  uid: string;
  attempt: number;
}

const river = (plural: string) => ({ group: 'river.dev', version: 'v1', plural, namespaced: true });

/** The Placement of an attempt, the newest where none is named. @throws ApiError NotFound, Conflict when it has not started */
export async function findPlacement(client: Pick<ApiClient, 'resource'>, task: TaskName, wanted?: number): Promise<FoundAttempt> {
  const { namespace, name } = task;
  const { metadata, status } = await client.resource<Task>(river('tasks')).get(name, { namespace });
  const attempt = wanted ?? status?.attempts ?? 0;
  const { items } = await client
    .resource<Placement>(river('placements'))
    .list({ namespace, fieldSelector: `spec.owner.uid=${metadata.uid}`, limit: 500 });
  const found = items.find(({ spec }) => spec.attempt === attempt);
  if (found?.spec.nodeName !== undefined) return { node: found.spec.nodeName, uid: found.metadata.uid ?? '', attempt };
  throw found || attempt >= (status?.attempts ?? 0) ? notStarted(name, attempt, status) : goneAttempt(name, attempt);
}

function notStarted(name: string, attempt: number, status: Task['status']): ApiError {
  const { phase = 'Pending', waiting } = status ?? {};
  const why = [phase, waiting?.reason, waiting?.message].filter(Boolean).join(': ');
  if (isFinalPhase(phase))
    return new ApiError('NotFound', `task/${name} ended before it ran on any node (${phase}: ${status?.reason ?? ''}): it has no output`);
  return new ApiError('Conflict', `task/${name} has not started${attempt > 1 ? ` attempt ${attempt}` : ''} (${why}): wait for it with -f`);
}

const goneAttempt = (name: string, attempt: number): ApiError =>
  new ApiError('NotFound', `attempt ${attempt} of task/${name} is not known any more: only the newest are`);
