import { Lease, Node, type Placement, Task } from '@river/crds/kinds';
import { decide, dropFinalizer, hasFinalizer, isDeleting, tell, uidOf } from '../decide/changes.ts';
import { type Change, type Now, nothing, type Reconciler, type View } from '../decide/decision.ts';
import { isTaken, nodesNamespace } from '../node/node-lease.ts';
import { isFinal } from '../task/task-status.ts';
import { endPlacement, isOver, ownerFinalizer, stopPlacement } from './placement-state.ts';

/** What becomes of a Placement apart from what its owner wants: its node is gone or emptied, its owner is gone, it is deleted. */
export const reconcilePlacement: Reconciler<Placement> = (placement, view, now) => {
  if (placement.spec.owner.kind !== 'Task') return nothing;
  if (isOver(placement)) return decide(isDeleting(placement) ? release(placement, view) : withoutOwner(placement, view));
  const lost = whyLost(placement, view);
  if (lost) return decide(loseIt(placement, lost, now));
  if (isDeleting(placement)) return decide(stopPlacement(placement, 'Deleted', now));
  if (isRecorded(placement, ownerOf(placement, view))) return decide(stopPlacement(placement, 'Replaced', now));
  return decide([...withoutOwner(placement, view), ...moveAway(placement, view, now)]);
};

interface Loss {
  reason: string;
  message: string;
  /** The node's lease, where that decides: it must still be taken. */
  lease?: Lease;
}

const loseIt = (placement: Placement, { reason, message, lease }: Loss, now: Now): Change[] => [
  ...(lease ? [{ act: 'confirm', of: lease } as const] : []),
  ...endPlacement(placement, 'Lost', reason, message, now),
  tell(placement, 'Warning', 'Lost', message),
];

/** Nothing more will be heard of it, and nothing of it runs unfrozen: only then may another attempt take its place. */
function whyLost({ spec }: Placement, view: View): Loss | undefined {
  if (spec.nodeName === undefined) return undefined;
  if (view.get(Node, spec.nodeName)?.spec.declaredDead)
    return { reason: 'NodeDeclaredDead', message: `An admin says that node ${spec.nodeName} is off for good.` };
  const lease = view.get(Lease, spec.nodeName, nodesNamespace);
  if (spec.onDisconnect !== 'Fence' || !lease || !isTaken(lease)) return undefined;
  return { reason: 'NodeLost', message: `Node ${spec.nodeName} has been silent for so long that it has frozen what it ran.`, lease };
}

/** A node is being emptied: what has not begun, and what another may take over, goes elsewhere. The rest ends in its own time. */
function moveAway(placement: Placement, view: View, now: Now): Change[] {
  const { nodeName, power, onDisconnect } = placement.spec;
  if (nodeName === undefined || power === 'Stopped') return [];
  const node = view.get(Node, nodeName);
  const isEmptied = node?.spec.drain === true || (node !== undefined && isDeleting(node));
  const hasBegun = (placement.status?.conditions ?? []).some(({ type, status }) => type === 'Accepted' && status === 'True');
  return isEmptied && (!hasBegun || onDisconnect === 'Fence') ? stopPlacement(placement, 'Drained', now) : [];
}

const ownerOf = ({ spec, metadata }: Placement, view: View): Task | undefined => {
  const task = view.get(Task, spec.owner.name, metadata.namespace);
  return task && uidOf(task) === spec.owner.uid ? task : undefined;
};

/** Its owner has written down that it is over, and gone on: whatever says otherwise now, it is not to run. */
const isRecorded = ({ spec }: Placement, owner: Task | undefined): boolean =>
  spec.attempt <= (owner?.status?.history?.at(-1)?.attempt ?? 0);

/** The owner was deleted and let go of it: nobody wants it any more. */
function withoutOwner(placement: Placement, view: View): Change[] {
  return ownerOf(placement, view) ? [] : [ownerIsGone(placement), { act: 'delete', of: placement }];
}

const ownerIsGone = ({ spec, metadata }: Placement): Change => ({
  act: 'confirmGone',
  kind: Task,
  name: spec.owner.name,
  ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  uid: spec.owner.uid,
});

/** It may go once its owner has written down how it ended, or never will: until then its name keeps the attempt from being made again. */
function release(placement: Placement, view: View): Change[] {
  if (!hasFinalizer(placement, ownerFinalizer)) return [];
  const drop = dropFinalizer(placement, ownerFinalizer);
  const owner = ownerOf(placement, view);
  if (!owner) return [ownerIsGone(placement), drop];
  return isDeleting(owner) || isFinal(owner) || isRecorded(placement, owner) ? [drop] : [];
}
