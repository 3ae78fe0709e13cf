import { isObject, type KubeObject } from '@river/crds';
import { command } from '../command/command.ts';
import { certificateIn, isPending, type NodeRequest, nodeIn, nodeRequests } from '../node/requests.ts';
import { alignColumns } from '../output/columns.ts';

interface Row {
  name: string;
  ready: string;
  certificateExpires: string;
  pending: string[];
}

const readyOf = (node: KubeObject | undefined): string => {
  const conditions = isObject(node?.status) && Array.isArray(node.status.conditions) ? node.status.conditions : [];
  const ready = conditions.filter(isObject).find(({ type }) => type === 'Ready');
  return node ? String(ready?.status ?? 'Unknown') : 'Absent';
};

/** Nodes, and machines that want to be one. */
const rowsOf = (nodes: readonly KubeObject[], requests: readonly NodeRequest[]): Row[] => {
  const byNode = Map.groupBy(requests, (request) => nodeIn(request) ?? '');
  byNode.delete('');
  const present = new Map(nodes.map((node) => [node.metadata.name, node]));
  return [...new Set([...present.keys(), ...byNode.keys()])].sort().map((name) => {
    const own = byNode.get(name) ?? [];
    const ends = own.flatMap((request) => certificateIn(request)?.validToDate.getTime() ?? []);
    return {
      name,
      ready: readyOf(present.get(name)),
      certificateExpires: ends.length > 0 ? new Date(Math.max(...ends)).toISOString() : '',
      pending: own.filter(isPending).map(({ metadata }) => metadata.name),
    };
  });
};

export const nodeListCommand = command({
  name: 'node list',
  summary: 'list nodes, when their certificates end, and who wants to join',
  usage: '',
  examples: ['riverctl node list'],
  flags: {},
  run: async (_, context) => {
    const client = await context.client();
    const nodes = client.resource({ group: 'river.dev', version: 'v1', plural: 'nodes', namespaced: false });
    const [{ items }, requests] = await Promise.all([nodes.list(), nodeRequests(client)]);
    const rows = rowsOf(items, requests);
    if (rows.length === 0) context.note('no nodes');
    const lines = rows.map(({ name, ready, certificateExpires, pending }) => [
      name,
      ready,
      certificateExpires || '-',
      pending.join(',') || '-',
    ]);
    if (rows.length > 0) for (const line of alignColumns([['NAME', 'READY', 'CERTIFICATE UNTIL', 'PENDING'], ...lines])) context.say(line);
    context.result(rows);
  },
});
