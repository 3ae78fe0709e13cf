import { ApiError, isObject } from '@river/crds';
import type { ApiClient, DiscoveredResource } from '@river/runtime';
import type { Context } from '../command/context.ts';
import { waitGone } from '../wait/wait-for.ts';
import { fullName } from './targets.ts';

export interface Doomed {
  resource: DiscoveredResource;
  name: string;
  namespace: string | undefined;
}

export interface DeleteChoice {
  cascade: 'background' | 'foreground' | 'orphan';
  isDryRun: boolean;
  ignoreMissing: boolean;
  /** Undefined when nobody waits for the end. */
  waitMs: number | undefined;
}

const policies = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' } as const;

/** The uid of what is being deleted: of the object, or of the Status that says it is gone. */
const uidOf = (answer: unknown): string | undefined => {
  if (!isObject(answer)) return undefined;
  const source = answer.kind === 'Status' ? answer.details : answer.metadata;
  return isObject(source) && typeof source.uid === 'string' ? source.uid : undefined;
};

const deleteOne = async (client: ApiClient, doomed: Doomed, choice: DeleteChoice): Promise<{ uid: string | undefined } | undefined> => {
  try {
    const answer = await client.resource(doomed.resource).delete(doomed.name, {
      ...(doomed.namespace && { namespace: doomed.namespace }),
      propagationPolicy: policies[choice.cascade],
      dryRun: choice.isDryRun,
    });
    return { uid: uidOf(answer) };
  } catch (error) {
    if (choice.ignoreMissing && ApiError.is(error, 'NotFound')) return undefined;
    throw error;
  }
};

/** Deletes in order, says so, and waits for the end of all of them when asked to. */
export const deleteObjects = async (context: Context, list: readonly Doomed[], choice: DeleteChoice): Promise<Doomed[]> => {
  const client = await context.client();
  const deleted: (Doomed & { uid: string | undefined })[] = [];
  for (const doomed of list) {
    const answer = await deleteOne(client, doomed, choice);
    if (!answer) continue;
    deleted.push({ ...doomed, uid: answer.uid });
    context.say(`${fullName(doomed.resource, doomed.name)} deleted${choice.isDryRun ? ' (server dry run)' : ''}`);
  }
  const { waitMs } = choice;
  if (waitMs === undefined || choice.isDryRun) return deleted;
  const started = performance.now();
  for (const { uid, ...doomed } of deleted) {
    await waitGone({ client, ...doomed, uid, timeoutMs: Math.max(0, waitMs - (performance.now() - started)) });
  }
  return deleted;
};
