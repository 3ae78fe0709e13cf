import { type FinalPhase, isFinalPhase, phaseOf } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import { timeOf, writeStatus } from '../decide/changes.ts';
import { setConditions } from '../decide/conditions.ts';
import type { Change, Now } from '../decide/decision.ts';
import { evictedForAnnotation } from '../scheduler/binding-patch.ts';

/** Keeps a Placement until its owner has written down how it ended. */
export const ownerFinalizer = 'river.dev/owner';

/** Beside `spec.power: Stopped`: why. What was moved away is tried again and not counted. */
export const stopReasonAnnotation = 'river.dev/stop-reason';

export type StopReason = 'Cancelled' | 'Timeout' | 'Drained' | 'Preempted' | 'Deleted' | 'Replaced';

const movedReasons: readonly string[] = ['Drained', 'Preempted'] satisfies StopReason[];

/** What the scheduler has asked to end makes room for another. */
export const stopReasonOf = ({ metadata: { annotations = {} } }: Placement): string | undefined =>
  annotations[stopReasonAnnotation] ?? (annotations[evictedForAnnotation] === undefined ? undefined : 'Preempted');

export const isMoveReason = (reason: string | undefined): boolean => reason !== undefined && movedReasons.includes(reason);

/** Nothing of it runs any more, or nothing that may touch anything. */
export const isOver = ({ status }: Placement): boolean => isFinalPhase(status?.phase);

/** Has it ended. What no node has got yet is over at once: to bind it now, the scheduler would have to have seen that. */
export function stopPlacement(placement: Placement, reason: StopReason, now: Now): Change[] {
  if (isOver(placement)) return [];
  if (placement.spec.nodeName === undefined) return endPlacement(placement, 'Killed', reason, 'It was ended before a node had it.', now);
  if (placement.spec.power === 'Stopped') return [];
  const body = { metadata: { annotations: { [stopReasonAnnotation]: reason } }, spec: { power: 'Stopped' } };
  return [{ act: 'patch', of: placement, body }];
}

/** Says in the place of its node how it ended: for what no node has, and what no node will tell of any more. */
export function endPlacement(placement: Placement, phase: FinalPhase, reason: string, message: string, now: Now): Change[] {
  const { status = {}, metadata } = placement;
  const time = timeOf(now);
  const finished = { type: 'Finished', status: 'True', reason: phase, message } as const;
  const conditions = setConditions(status.conditions, [finished], { time, generation: metadata.generation });
  return writeStatus(placement, { ...status, conditions, phase: phaseOf(conditions), reason, message, finishTime: time });
}
