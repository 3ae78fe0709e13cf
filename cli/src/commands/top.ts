import * as Flags from '@oclif/core/flags';
import { isObject, type KubeObject } from '@river/crds';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { UsageError } from '../command/usage-error.ts';
import { alignColumns } from '../output/columns.ts';
import { type Bound, boundIn, bytesText, coresText, givenBy, shareText, sumOf } from '../top/held.ts';

const nodes = { group: 'river.dev', version: 'v1', plural: 'nodes', namespaced: false } as const;
const placements = { group: 'river.dev', version: 'v1', plural: 'placements', namespaced: true } as const;

const boundPlacements = async (context: Context, scope: { namespace?: string; fieldSelector?: string }): Promise<Bound[]> => {
  const client = await context.client();
  const found: Bound[] = [];
  for await (const { items } of client.resource(placements).pages(scope)) found.push(...items.flatMap((each) => boundIn(each) ?? []));
  return found;
};

const isReady = ({ status }: KubeObject): boolean =>
  isObject(status) &&
  Array.isArray(status.conditions) &&
  status.conditions.some((each) => isObject(each) && each.type === 'Ready' && each.status === 'True');

export const topNodesCommand = command({
  name: 'top nodes',
  summary: 'show how much of each node is given away',
  usage: '',
  examples: ['riverctl top nodes'],
  flags: {},
  run: async ({ args }, context) => {
    if (args.length > 0) throw new UsageError('top nodes takes no names');
    const client = await context.client();
    const [{ items }, bound] = await Promise.all([client.resource(nodes).list(), boundPlacements(context, {})]);
    const onNode = Map.groupBy(bound, ({ node }) => node);
    const rows = items.map((node) => {
      const here = onNode.get(node.metadata.name) ?? [];
      return {
        name: node.metadata.name,
        ready: isReady(node),
        has: givenBy(node),
        held: sumOf(here.map(({ held }) => held)),
        placements: here.length,
      };
    });
    if (rows.length === 0) context.note('no nodes');
    const lines = rows.map(({ name, ready, has, held, placements: count }) => [
      ...[name, ready ? 'True' : 'False', shareText(held.cpuMillis, has.cpuMillis, coresText)],
      ...[shareText(held.memoryBytes, has.memoryBytes, bytesText), shareText(held.gpus, has.gpus, String), String(count)],
    ]);
    if (rows.length > 0)
      for (const line of alignColumns([['NAME', 'READY', 'CPU', 'MEMORY', 'GPUS', 'PLACEMENTS'], ...lines])) context.say(line);
    context.result(rows);
  },
});

export const topPlacementsCommand = command({
  name: 'top placements',
  summary: 'show what runs and how much it was given, the most first',
  usage: '',
  examples: ['riverctl top placements', 'riverctl top placements -A --node tiger'],
  flags: {
    'all-namespaces': Flags.boolean({ char: 'A', description: 'of all namespaces' }),
    node: Flags.string({ helpValue: 'NODE', description: 'only what is on this node' }),
  },
  run: async ({ args, flags }, context) => {
    if (args.length > 0) throw new UsageError('top placements takes no names');
    const { namespace } = await context.client();
    const isEverywhere = flags['all-namespaces'];
    const bound = await boundPlacements(context, {
      ...(!isEverywhere && { namespace }),
      ...(flags.node !== undefined && { fieldSelector: `spec.nodeName=${flags.node}` }),
    });
    bound.sort((a, b) => b.held.gpus - a.held.gpus || b.held.cpuMillis - a.held.cpuMillis || b.held.memoryBytes - a.held.memoryBytes);
    const lines = bound.map(({ namespace: home, owner, node, phase, held }) => [
      ...(isEverywhere ? [home] : []),
      ...[owner, node, phase, coresText(held.cpuMillis), bytesText(held.memoryBytes), String(held.gpus)],
    ]);
    const head = [...(isEverywhere ? ['NAMESPACE'] : []), 'WORKLOAD', 'NODE', 'PHASE', 'CPU', 'MEMORY', 'GPUS'];
    if (lines.length === 0) context.note('nothing is on a node');
    else for (const line of alignColumns([head, ...lines])) context.say(line);
    context.result(bound);
  },
});
