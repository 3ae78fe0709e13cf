import type { KubeObject } from '@river/crds';
import { ApiError } from '@river/crds';
import { type ApiClient, type DiscoveredResource, type ResourceRef, resourcePath } from '@river/runtime';
import { CommandError } from '../command/exit-code.ts';
import { fullName } from '../objects/targets.ts';
import { watchTarget } from './watch-target.ts';

export interface WaitFor {
  client: ApiClient;
  resource: ResourceRef & Pick<DiscoveredResource, 'kind' | 'singular'>;
  name: string;
  namespace: string | undefined;
  /** Only this one: another object that takes its name over counts as gone. */
  uid?: string | undefined;
  timeoutMs: number;
  /** For the message when the time is over. */
  what: string;
  /** Looks at each state, undefined when there is no such object; true ends the waiting. */
  isDone(object: KubeObject | undefined): boolean;
}

const place = ({ namespace }: WaitFor) => (namespace ? { namespace } : {});

const look = async (wait: WaitFor): Promise<KubeObject | undefined> => {
  try {
    const found = await wait.client.resource(wait.resource).get(wait.name, place(wait));
    return wait.uid && found.metadata.uid !== wait.uid ? undefined : found;
  } catch (error) {
    if (ApiError.is(error, 'NotFound')) return undefined;
    throw error;
  }
};

const timeoutError = (wait: WaitFor): CommandError =>
  new CommandError(
    'timeout',
    `${fullName(wait.resource, wait.name)}: not ${wait.what} within ${Math.round(wait.timeoutMs / 100) / 10} s`,
    'Timeout',
  );

/** Watches one object until it is as wanted. @throws CommandError `timeout`. */
export const waitFor = async (wait: WaitFor): Promise<void> => {
  if (wait.isDone(await look(wait))) return;
  if (wait.timeoutMs === 0) throw timeoutError(wait);
  const signal = AbortSignal.timeout(Math.ceil(wait.timeoutMs));
  const path = resourcePath(wait.resource, place(wait));
  try {
    for await (const { type, object } of watchTarget({
      client: wait.client,
      path,
      query: { fieldSelector: `metadata.name=${wait.name}` },
      signal,
    })) {
      const isOther = wait.uid !== undefined && object.metadata.uid !== wait.uid;
      if (wait.isDone(type === 'DELETED' || isOther ? undefined : object)) return;
    }
  } catch (error) {
    if (signal.aborted) throw timeoutError(wait);
    throw error;
  }
};

/** Waits until the object is gone, finalizers and all. */
export const waitGone = (wait: Omit<WaitFor, 'isDone' | 'what'>): Promise<void> =>
  waitFor({ ...wait, what: 'gone', isDone: (object) => object === undefined });
