import { isFinalPhase, isObject, type KubeObject } from '@river/crds';
import type { ApiClient } from '@river/runtime';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';

const resource = (plural: string) => ({ group: 'river.dev', version: 'v1', plural, namespaced: true }) as const;

export const tasks = { ...resource('tasks'), kind: 'Task', singular: 'task' };
export const taskSets = { ...resource('tasksets'), kind: 'TaskSet', singular: 'taskset' };
export const approvals = resource('approvals');

/** A Task or a TaskSet that a person named: `train-1`, `task/train-1`, `taskset/sweep`. */
export interface Named {
  resource: typeof tasks | typeof taskSets;
  /** As a person would write it. */
  shown: string;
  name: string;
}

/** @throws UsageError */
export const namedIn = (arg: string): Named => {
  const [first = '', second, ...more] = arg.split('/');
  const kind = second === undefined ? 'task' : first.toLowerCase().replace(/s$/, '').replace(/^ts$/, 'taskset');
  const name = second ?? first;
  if (name === '' || more.length > 0 || (kind !== 'task' && kind !== 'taskset' && kind !== 't'))
    throw new UsageError(`"${arg}" is no Task: write NAME, task/NAME or taskset/NAME`);
  return kind === 'taskset' || kind === 't'
    ? { resource: taskSets, shown: `taskset/${name}`, name }
    : { resource: tasks, shown: `task/${name}`, name };
};

/** One at least. @throws UsageError */
export const someNamed = (args: readonly string[]): Named[] => {
  if (args.length === 0) throw new UsageError('name at least one Task: NAME, task/NAME or taskset/NAME');
  return args.map(namedIn);
};

/** Exactly one Task. @throws UsageError */
export const oneTask = (args: readonly string[]): Named => {
  const [only, ...more] = someNamed(args);
  if (!only || more.length > 0 || only.resource !== tasks) throw new UsageError('name one Task');
  return only;
};

/** A status, as far as these commands look into it. */
export interface Standing {
  phase: string;
  isOver: boolean;
  exitCode?: number;
  [field: string]: unknown;
}

export const standingOf = ({ status }: KubeObject): Standing => {
  const known = isObject(status) ? status : {};
  const phase = typeof known.phase === 'string' ? known.phase : 'Pending';
  return { ...known, phase, isOver: isFinalPhase(phase), ...(typeof known.exitCode === 'number' && { exitCode: known.exitCode }) };
};

/** Who this is to the server: an answer to an approval is given under that name. */
export const ownName = async (client: ApiClient): Promise<string> => {
  const review = await client.json<KubeObject>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} },
  });
  const user = isObject(review.status) && isObject(review.status.userInfo) ? review.status.userInfo.username : undefined;
  if (typeof user !== 'string') throw new CommandError('failed', 'the server does not say who this is', 'Failed');
  return user;
};
