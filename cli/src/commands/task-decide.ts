import * as Flags from '@oclif/core/flags';
import type { KubeObject } from '@river/crds';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { approvals, oneTask, ownName, standingOf, tasks } from '../task/tasks.ts';

/** An answer is bound to the Task as it was read: to its uid, and to the digest of what it runs. */
const decide = async (context: Context, args: readonly string[], decision: 'Approved' | 'Denied', reason: string | undefined) => {
  const { name, shown } = oneTask(args);
  const client = await context.client();
  const task = await client.resource(tasks).get(name, { namespace: client.namespace });
  const { specDigest, isOver, phase } = standingOf(task);
  if (isOver) throw new CommandError('conflict', `${shown} is over (${phase}): there is nothing to decide`, 'Conflict');
  if (typeof specDigest !== 'string')
    throw new CommandError('conflict', `${shown} has not been looked at by the controllers yet: try again in a moment`, 'Conflict');
  const approval = {
    apiVersion: 'river.dev/v1',
    kind: 'Approval',
    metadata: { generateName: `${name.slice(0, 50)}-`, namespace: client.namespace },
    spec: { taskName: name, taskUid: task.metadata.uid, specDigest, decision, approver: await ownName(client), ...(reason && { reason }) },
  };
  // The server makes up the end of its name.
  const made = await client.resource(approvals).create(approval as unknown as KubeObject, { fieldManager: 'riverctl' });
  context.say(`${shown} ${decision === 'Approved' ? 'approved' : 'rejected'} (approval/${made.metadata.name})`);
  context.result(made);
};

const why = Flags.string({ helpValue: 'TEXT', description: 'why, for its owner' });

export const taskApproveCommand = command({
  name: 'task approve',
  summary: 'agree to a Task that waits for somebody to do so',
  usage: 'NAME',
  examples: ['riverctl task approve train-1'],
  flags: { reason: why },
  run: ({ args, flags }, context) => decide(context, args, 'Approved', flags.reason),
});

export const taskRejectCommand = command({
  name: 'task reject',
  summary: 'say no to a Task that waits for somebody to agree',
  usage: 'NAME --reason TEXT',
  examples: ["riverctl task reject train-1 --reason 'not before Monday'"],
  flags: { reason: why },
  run: ({ args, flags }, context) => {
    if (!flags.reason) throw new UsageError('--reason is needed: its owner will want to know');
    return decide(context, args, 'Denied', flags.reason);
  },
});
