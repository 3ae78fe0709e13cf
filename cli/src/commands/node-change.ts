import * as Flags from '@oclif/core/flags';
import { isFinalPhase, isObject, type JsonObject, type KubeObject } from '@river/crds';
import type { ApiClient } from '@river/runtime';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { parseDurationMs } from '../wait/duration.ts';
import { watchTarget } from '../wait/watch-target.ts';

const nodes = { group: 'river.dev', version: 'v1', plural: 'nodes', namespaced: false } as const;

const named = (args: readonly string[]): string[] => {
  if (args.length === 0) throw new UsageError('name at least one node: riverctl node list');
  return args.map((arg) => arg.replace(/^nodes?\//, ''));
};

const change = async (context: Context, names: readonly string[], spec: JsonObject, done: string): Promise<KubeObject[]> => {
  const client = await context.client();
  const results: KubeObject[] = [];
  for (const name of names) {
    results.push(await client.resource(nodes).patch(name, { spec }, { type: 'merge', fieldManager: 'riverctl' }));
    context.say(`node/${name} ${done}`);
  }
  return results;
};

export const nodeCordonCommand = command({
  name: 'node cordon',
  summary: 'have nothing new start on nodes; what runs goes on',
  usage: 'NODE…',
  examples: ['riverctl node cordon tiger'],
  flags: {},
  run: async ({ args }, context) => context.result({ items: await change(context, named(args), { unschedulable: true }, 'cordoned') }),
});

export const nodeUncordonCommand = command({
  name: 'node uncordon',
  summary: 'have work start on nodes again; ends a drain, too',
  usage: 'NODE…',
  examples: ['riverctl node uncordon tiger'],
  flags: {},
  run: async ({ args }, context) =>
    context.result({ items: await change(context, named(args), { unschedulable: false, drain: false }, 'uncordoned') }),
});

const isLeft = ({ status }: KubeObject): boolean => !(isObject(status) && typeof status.phase === 'string' && isFinalPhase(status.phase));

/** Names of the Placements that hold on to a node. */
const leftOn = async (client: ApiClient, node: string): Promise<string[]> => {
  const placements = client.resource({ group: 'river.dev', version: 'v1', plural: 'placements', namespaced: true });
  const found: string[] = [];
  for await (const { items } of placements.pages({ fieldSelector: `spec.nodeName=${node}` }))
    found.push(...items.filter(isLeft).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  return found;
};

/** Watches what is on the node until nothing is. @throws CommandError `timeout` */
const untilEmpty = async (context: Context, node: string, timeoutMs: number): Promise<void> => {
  const client = await context.client();
  const left = new Set(await leftOn(client, node));
  if (left.size === 0) return;
  context.note(`node/${node}: waiting for ${left.size} to end: ${[...left].slice(0, 5).join(', ')}${left.size > 5 ? ', …' : ''}`);
  const signal = AbortSignal.timeout(Math.ceil(timeoutMs));
  const watching = { client, path: '/apis/river.dev/v1/placements', query: { fieldSelector: `spec.nodeName=${node}` }, signal };
  try {
    for await (const { type, object } of watchTarget(watching)) {
      const name = `${object.metadata.namespace}/${object.metadata.name}`;
      if (type === 'DELETED' || !isLeft(object)) left.delete(name);
      else left.add(name);
      if (left.size === 0) return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandError('timeout', `node/${node}: ${left.size} are still there: ${[...left].slice(0, 20).join(', ')}`, 'Timeout');
  }
};

export const nodeDrainCommand = command({
  name: 'node drain',
  summary: 'empty nodes: nothing new starts there, what may move moves; returns when nothing is left',
  usage: 'NODE…',
  examples: ['riverctl node drain tiger --timeout 30m'],
  flags: {
    wait: Flags.boolean({ default: true, allowNo: true, description: 'return only when nothing is left' }),
    timeout: Flags.string({ default: '-1s', helpValue: 'DURATION', description: 'how long to wait for each (default a week)' }),
  },
  run: async ({ args, flags }, context) => {
    const timeoutMs = parseDurationMs(flags.timeout);
    const names = named(args);
    const items = await change(context, names, { unschedulable: true, drain: true }, 'is being emptied');
    if (flags.wait)
      for (const name of names) {
        await untilEmpty(context, name, timeoutMs);
        context.say(`node/${name} is empty`);
      }
    context.result({ items });
  },
});

export const nodeRemoveCommand = command({
  name: 'node remove',
  summary: 'forget nodes; with --dead also those that hold work and never come back',
  usage: 'NODE…',
  examples: ['riverctl node remove tiger', 'riverctl node remove lion --dead'],
  flags: {
    dead: Flags.boolean({
      description: 'you vouch that the machine is off for good: its work counts as lost, and may be started elsewhere',
    }),
  },
  run: async ({ args, flags }, context) => {
    const names = named(args);
    const client = await context.client();
    if (flags.dead)
      return context.result({ items: await change(context, names, { unschedulable: true, declaredDead: true }, 'is declared dead') });
    const items = [];
    for (const name of names) {
      const left = await leftOn(client, name);
      if (left.length > 0)
        throw new CommandError(
          'conflict',
          `node/${name} still holds ${left.length} (${left.slice(0, 5).join(', ')}): riverctl node drain ${name}, or, when the machine is off for good, node remove --dead`,
          'Conflict',
        );
      items.push(await client.resource(nodes).delete(name));
      context.say(`node.river.dev/${name} deleted`);
    }
    context.result({ items });
  },
});
