import { ApiError, isObject, type KubeObject } from '@river/crds';
import type { ApiClient } from '@river/runtime';
import type { Requester } from './identify.ts';

export interface TaskName {
  namespace: string;
  name: string;
}

export interface JudgeDeps {
  client: Pick<ApiClient, 'json'>;
  /** As in {@link briefly}. */
  once(key: string, ask: () => Promise<boolean>): Promise<boolean>;
}

/** Whether somebody may read the output of a Task, there or not. @throws ApiError Forbidden */
export type MayReadOutput = (who: Requester, task: TaskName) => Promise<void>;

/** The question is always `create` on the part `log`, which no right to look at Tasks implies. */
const wanted = { verb: 'create', group: 'river.dev', resource: 'tasks', subresource: 'log' };

export function mayReadOutput({ client, once }: JudgeDeps): MayReadOutput {
  const ask = async ({ username, groups, uid, extra }: Requester, task: TaskName): Promise<boolean> => {
    const who = { user: username, groups, ...(uid && { uid }), ...(extra && { extra }) };
    const { status } = await client.json<KubeObject>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: { ...who, resourceAttributes: { ...wanted, ...task } },
      },
    });
    return isObject(status) && status.allowed === true;
  };
  return async (who, task) => {
    const { namespace, name } = task;
    if (await once(JSON.stringify([who, task]), () => ask(who, task))) return;
    const message = `tasks.river.dev "${name}" is forbidden: ${who.username} may not read the output of Tasks in the namespace ${namespace}: that takes the right to create tasks/log`;
    throw new ApiError('Forbidden', message, { details: { name, group: 'river.dev', kind: 'tasks' } });
  };
}
