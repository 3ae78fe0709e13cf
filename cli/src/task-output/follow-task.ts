import { ApiError, type KubeObject } from '@river/crds';
import type { OutputQuery } from '@river/runtime';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { standingOf, tasks } from '../task/tasks.ts';
import { waitFor } from '../wait/wait-for.ts';
import { outputWriter } from './output-writer.ts';
import { showAttempt } from './show-attempt.ts';

export interface FollowedTask {
  context: Context;
  namespace: string;
  name: string;
  uid: string | undefined;
  /** The attempt to begin with. */
  from: number;
  query: OutputQuery;
  hasTimes: boolean;
  /** How long it is tried to begin with the first attempt, while what is needed for that is away. */
  patienceMs: number;
  /** Told each time that it waits for something else; a line. */
  onWaiting(why: string): void;
}

/** Who has followed so far is not turned away for a gateway that is just restarting. */
const laterMs = 120_000;
const foreverMs = 7 * 24 * 3_600_000;

/** Shows the output of a Task as it comes, one attempt after the other, until the Task is over. */
export async function followTask(followed: FollowedTask): Promise<void> {
  const { context, namespace, name, query, hasTimes } = followed;
  const writer = outputWriter(context, hasTimes);
  for (let attempt = followed.from; await isMade(followed, attempt); attempt++) {
    // What was asked of the past is asked of the first only.
    const { tail, sinceNs, ...rest } = query;
    const isFirst = attempt === followed.from;
    const asked = { ...(isFirst ? query : rest), follow: true };
    const patienceMs = isFirst ? followed.patienceMs : laterMs;
    try {
      await showAttempt({ context, namespace, task: name, attempt, query: asked, patienceMs, writer });
    } catch (error) {
      // One that ended before it wrote anything has nothing to show; another may follow.
      if (!ApiError.is(error, 'NotFound')) throw error;
    }
  }
}

/** Waits until there is this attempt; false when the Task is over without. */
async function isMade({ context, namespace, name, uid, onWaiting }: FollowedTask, attempt: number): Promise<boolean> {
  let isThere = false;
  let last = '';
  const isDone = (task: KubeObject | undefined): boolean => {
    if (!task) throw new CommandError('notFound', `task/${name} was deleted`, 'NotFound');
    const { isOver, attempts, phase, waiting, node, message } = standingOf(task);
    isThere = typeof attempts === 'number' && attempts >= attempt && (isOver || attempts > attempt || typeof node === 'string');
    if (isThere || isOver) return true;
    const why = whyOf(phase, waiting, message);
    if (why !== last) onWaiting(why);
    last = why;
    return false;
  };
  await waitFor({ client: await context.client(), resource: tasks, name, namespace, uid, timeoutMs: foreverMs, what: 'started', isDone });
  return isThere;
}

function whyOf(phase: string, waiting: unknown, message: unknown): string {
  const { reason, message: text = message } = (waiting ?? {}) as { reason?: unknown; message?: unknown };
  return [phase, reason, text].filter((part) => typeof part === 'string' && part !== '').join(': ');
}
