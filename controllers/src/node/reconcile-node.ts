import { Lease, type Node, Placement } from '@river/crds/kinds';
import { addFinalizer, decide, dropFinalizer, hasFinalizer, isDeleting, tell, timeOf, writeStatus } from '../decide/changes.ts';
import { conditionOf, type Said, setConditions } from '../decide/conditions.ts';
import type { Change, Now, Reconciler, View } from '../decide/decision.ts';
import { isTaken, nodesNamespace, takeLease } from './node-lease.ts';

/** Keeps a Node until nothing is bound to it any more. */
export const nodeFinalizer = 'river.dev/placements';

/** A node renews every three seconds: after this it is said to be silent. */
export const silentAfterMs = 9_000;

/** A node freezes what is fenced twenty seconds after the last renewal that it sent; this is counted from when that was seen, and longer. */
export const lostAfterMs = 25_000;

/** Says how a node is, by when its lease was last seen renewed here, and lets it go once it is empty. */
export const reconcileNode: Reconciler<Node> = (node, view, now) => {
  const bound = view.byIndex(Placement, 'activeOn', node.metadata.name).length;
  if (isDeleting(node) && bound === 0) return decide(hasFinalizer(node, nodeFinalizer) ? [dropFinalizer(node, nodeFinalizer)] : []);
  const held = isDeleting(node) || hasFinalizer(node, nodeFinalizer) ? [] : [addFinalizer(node, nodeFinalizer)];
  const { said, changes, again } = observe(node, view, now);
  const drained: Said[] = node.spec.drain || isDeleting(node) ? [drainedIf(bound)] : [];
  return decide([...held, ...changes, ...writeConditions(node, [said, ...ready(node, said), ...drained], now)], again);
};

interface Observed {
  said: Said;
  changes: Change[];
  again?: number;
}

const reachable = (status: Said['status'], reason: string, message: string): Said => ({ type: 'Reachable', status, reason, message });

/** How long it has been silent counts only as far as it would have been heard. */
function observe(node: Node, view: View, now: Now): Observed {
  if (node.spec.declaredDead) return { said: reachable('False', 'DeclaredDead', 'an admin says that it is off for good'), changes: [] };
  const lease = view.get(Lease, node.metadata.name, nodesNamespace);
  const lost = reachable(
    'False',
    'Lost',
    `it has not renewed its lease for ${lostAfterMs / 1000} s: what is fenced there is frozen and may be replaced`,
  );
  if (lease && isTaken(lease)) return { said: lost, changes: [] };
  const heardMs = Math.max(view.seenAt(lease ?? node) ?? now.monotonicMs, view.unbrokenSince);
  const silentMs = now.monotonicMs - heardMs;
  const was = conditionOf(node.status?.conditions, 'Reachable');
  if (silentMs < silentAfterMs) {
    const again = heardMs + silentAfterMs;
    // Until it is seen to renew, a controller that has just begun says of a node what was said before.
    const isRenewed = lease !== undefined && (view.seenAt(lease) ?? 0) > view.unbrokenSince;
    if (was?.status === 'False' && was.reason !== 'DeclaredDead' && !isRenewed) return { said: was, changes: [], again };
    return { said: reachable('True', 'Answers', 'it renews its lease'), changes: [], again };
  }
  const silent = reachable('False', 'Silent', `it has not renewed its lease for ${silentAfterMs / 1000} s`);
  const event = was?.status === 'False' ? [] : [tell(node, 'Warning', 'NodeSilent', silent.message)];
  if (silentMs < lostAfterMs || !lease) return { said: silent, changes: event, ...(lease && { again: heardMs + lostAfterMs }) };
  return { said: lost, changes: [takeLease(lease), ...event, tell(node, 'Warning', 'NodeLost', lost.message)] };
}

const unheard = 'NodeSilent';

/** Ready is the node's own word. While nobody hears it, it is not known; once it is heard again, it is as it was. */
function ready(node: Node, { status, message }: Said): Said[] {
  const was = conditionOf(node.status?.conditions, 'Ready');
  if (status === 'False' && was?.status === 'True') return [{ type: 'Ready', status: 'Unknown', reason: unheard, message }];
  if (status === 'True' && was?.status === 'Unknown' && was.reason === unheard)
    return [{ type: 'Ready', status: 'True', reason: 'Answers', message: 'it is heard again' }];
  return [];
}

const drainedIf = (bound: number): Said => ({
  type: 'Drained',
  status: bound === 0 ? 'True' : 'False',
  reason: bound === 0 ? 'Empty' : 'Occupied',
  message: bound === 0 ? 'nothing is bound to it' : `${bound} still bound to it`,
});

function writeConditions(node: Node, said: Said[], now: Now): Change[] {
  const kept = (node.status?.conditions ?? []).filter(
    ({ type }) => type !== 'Drained' || said.some((condition) => condition.type === type),
  );
  const conditions = setConditions(kept, said, { time: timeOf(now), generation: node.metadata.generation });
  return writeStatus(node, { ...node.status, conditions });
}
