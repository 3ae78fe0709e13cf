import { type Container, fenceMs, type WorkOrder } from '@river/node-agent';
import { checkMs } from '../node/guard.ts';
import type { Node } from '../node/node.ts';
import type { Timeline } from '../time/timeline.ts';

/** What has really become of one attempt's program. */
export interface Fate {
  node: string;
  starts: number;
  code?: number;
}

/** What really runs, on all machines together. */
export interface Truth {
  took(node: Node, order: WorkOrder, container: Container | undefined): void;
  fateOf(placementUid: string): Fate | undefined;
  /** Where a container of it is that has begun and has not ended, whether or not it stands still. */
  live(placementUid: string): Node[];
  /** Where its program goes on at this moment. */
  executing(placementUid: string): Node[];
  /** Of everything that goes on anywhere. */
  allExecuting(): { node: Node; order: WorkOrder }[];
  /** The server has taken a renewal that was sent then. */
  renewed(node: string, sentMs: number): void;
  /** A node where fenced work goes on although its last renewal was sent too long ago. */
  unfenced(): Node | undefined;
}

export function truth(nodes: readonly Node[], timeline: Timeline): Truth {
  const sentAtMs = new Map<string, number>();
  const fates = new Map<string, Fate>();
  /** A guard that wakes with its machine looks at the time within one turn of its timer; until then nothing can stop what is fenced. */
  const isWaking = (node: Node) => timeline.nowMs - node.machine.wakesAtMs <= checkMs + 5;
  const isExecuting = (node: Node, { order, container }: { order: WorkOrder; container: Container }) =>
    node.machine.isOn &&
    !node.machine.isSuspended &&
    container.state === 'running' &&
    !(order.isFenced && (node.engine.isFrozen || isWaking(node)));
  const isLive = ({ state }: Container) => state === 'running' || state === 'paused';
  const at = (uid: string, holds: (node: Node, each: { order: WorkOrder; container: Container }) => boolean) =>
    nodes.filter((node) => [...node.engine.all()].some((each) => each.order.uid === uid && holds(node, each)));
  return {
    took(node, order, container) {
      if (!container) return;
      const fate = fates.get(order.uid) ?? { node: node.machine.name, starts: 0 };
      fates.set(order.uid, fate);
      if (container.state === 'exited' && container.exit && fate.code === undefined) fate.code = container.exit.code;
    },
    fateOf: (uid) => fates.get(uid),
    live: (uid) => at(uid, (node, { container }) => node.machine.isOn && isLive(container)),
    executing: (uid) => at(uid, isExecuting),
    allExecuting: () =>
      nodes.flatMap((node) => [...node.engine.all()].filter((each) => isExecuting(node, each)).map(({ order }) => ({ node, order }))),
    renewed: (node, sentMs) => void sentAtMs.set(node, Math.max(sentMs, sentAtMs.get(node) ?? 0)),
    unfenced: () =>
      nodes.find(
        (node) =>
          !node.engine.isFrozen &&
          timeline.nowMs - (sentAtMs.get(node.machine.name) ?? timeline.nowMs) > fenceMs + 2 * checkMs &&
          [...node.engine.all()].some((each) => each.order.isFenced && isExecuting(node, each)),
      ),
  };
}
