import { ApiError } from '@river/crds';
import type { Node } from '@river/crds/kinds';
import { type Clock, type Logger, sleep } from '@river/runtime';
import { isSame } from '../report/report-status.ts';
import { type NodeFacts, nodeStatus } from './node-status.ts';
import type { Resources } from './resources.ts';

export interface KeepingNode {
  api: Pick<Resources, 'nodes' | 'events'>;
  node: string;
  /** Looks anew. */
  observe: () => Promise<NodeFacts>;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

const everyMs = 10_000;

/** Makes this machine's Node when it is not there, and keeps its status as the machine is. What is different from before is an event. */
export async function keepNode({ api, node, observe, clock, log, signal }: KeepingNode): Promise<void> {
  let known: string | undefined;
  while (!signal.aborted) {
    try {
      const facts = await observe();
      const object = await ensureNode(api.nodes, node, signal);
      const status = nodeStatus(object, facts, clock.wallMs());
      if (!isSame(status, object.status))
        await api.nodes.patch(node, JSON.parse(JSON.stringify({ status })), { type: 'merge', subresource: 'status', signal });
      const inventory = inventoryOf(facts);
      if (known !== undefined && known !== inventory) await tellDrift({ api, node, clock, signal }, known, inventory);
      known = inventory;
    } catch (error) {
      if (!signal.aborted) log.warn('the state of this node could not be reported yet', { error });
    }
    await sleep(clock, everyMs, signal).catch(() => {});
  }
}

async function ensureNode(nodes: Resources['nodes'], name: string, signal: AbortSignal): Promise<Node> {
  try {
    return await nodes.get(name, { signal });
  } catch (error) {
    if (!ApiError.is(error, 'NotFound')) throw error;
    // The server fills in the defaults of the spec; only the owner of a node writes it.
    return nodes.create({ apiVersion: 'river.dev/v1', kind: 'Node', metadata: { name }, spec: {} } as Node, { signal });
  }
}

/** What should stay as it is while a machine runs, in words. */
function inventoryOf({ machine: { cpus, memoryBytes, gpus, bootId } }: NodeFacts): string {
  const cards = gpus.map(({ index, model, health }) => `${index}: ${model ?? 'GPU'} ${health}`);
  return `${cpus.length} cores, ${Math.round(memoryBytes / 2 ** 20)} MiB, boot ${bootId}, GPUs [${cards.join(', ')}]`;
}

async function tellDrift(
  { api, node, clock, signal }: Pick<KeepingNode, 'api' | 'node' | 'clock' | 'signal'>,
  before: string,
  after: string,
) {
  const now = new Date(clock.wallMs()).toISOString();
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${node}.${clock.wallMs().toString(16)}`, namespace: 'default' },
    involvedObject: { apiVersion: 'river.dev/v1', kind: 'Node', name: node },
    type: 'Warning',
    reason: 'InventoryChanged',
    message: `was ${before}; is ${after}`.slice(0, 1000),
    source: { component: 'river-agent', host: node },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
  await api.events.create(event, { namespace: 'default', signal });
}
