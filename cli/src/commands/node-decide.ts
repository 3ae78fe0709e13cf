import * as Flags from '@oclif/core/flags';
import { inventoryAnnotation } from '@river/runtime';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { inventoryLines } from '../node/inventory-lines.ts';
import { type NodeRequest, nodeIn, pendingRequest, requestsOf } from '../node/requests.ts';
import { printable } from '../output/columns.ts';

/** What a person must know who decides. Only who asks, and from where, is known for certain. */
const describe = (request: NodeRequest): string[] => {
  const { metadata, spec } = request;
  const from = spec.extra?.['river.dev/address']?.join(', ') ?? 'an address that was not written down';
  return [
    `Request ${metadata.name}, made ${metadata.creationTimestamp ?? ''}`,
    `asks to be node ${printable(nodeIn(request) ?? '?')}`,
    `asked by ${printable(spec.username ?? '?')} from ${printable(from)}`,
    'The machine says of itself:',
    ...inventoryLines(metadata.annotations?.[inventoryAnnotation]),
  ];
};

const confirm = async (context: Context, question: string): Promise<void> => {
  if (!context.isTerminal || process.stdin.isTTY !== true) throw new UsageError('to decide without being asked, give --yes');
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('interrupted', 'nothing was changed', 'Interrupted');
  } finally {
    lines.close();
  }
};

/** The version that was shown is the one that is decided on. */
const decide = async (context: Context, args: readonly string[], isYes: boolean, type: 'Approved' | 'Denied', message: string) => {
  const [name, ...more] = args;
  if (name === undefined || more.length > 0) throw new UsageError('name one node, or one request');
  const client = await context.client();
  const request = await pendingRequest(client, name);
  for (const line of describe(request)) context.say(line);
  if (!isYes) await confirm(context, type === 'Approved' ? 'Approve it?' : 'Deny it?');
  const condition = { type, status: 'True', reason: type === 'Approved' ? 'NodeApprove' : 'NodeDeny', message };
  const conditions = [...(request.status?.conditions ?? []), condition];
  const decided = { ...request, status: { ...request.status, conditions } };
  const result = await requestsOf(client).update(decided, { subresource: 'approval', fieldManager: 'riverctl' });
  context.say(`certificatesigningrequest/${request.metadata.name} ${type === 'Approved' ? 'approved' : 'denied'}`);
  context.result(result);
};

const yes = Flags.boolean({ char: 'y', description: 'do not ask' });

export const nodeApproveCommand = command({
  name: 'node approve',
  summary: 'show what a machine that wants to join says of itself, and let it in',
  usage: '(NODE | REQUEST)',
  examples: ['riverctl node approve gpu-1', 'riverctl node approve join-ab12cd34ef-0123456789abcdef --yes'],
  flags: { yes },
  run: ({ args, flags }, context) => decide(context, args, flags.yes, 'Approved', 'approved with riverctl node approve'),
});

export const nodeDenyCommand = command({
  name: 'node deny',
  summary: 'refuse a machine that wants to join',
  usage: '(NODE | REQUEST)',
  examples: ['riverctl node deny gpu-1 --message "not one of ours"'],
  flags: { yes, message: Flags.string({ helpValue: 'TEXT', description: 'why; the node is told' }) },
  run: ({ args, flags }, context) => decide(context, args, flags.yes, 'Denied', flags.message ?? 'denied with riverctl node deny'),
});
