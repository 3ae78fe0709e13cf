import { durationMs, type FinalPhase } from '@river/crds';
import type { Placement, Task } from '@river/crds/kinds';
import { isMoveReason, stopReasonOf } from '../placement/placement-state.ts';

type Cause = Task['spec']['retry']['when'][number];

/** How an attempt ended, as its Task tells it. */
export interface Outcome {
  phase: FinalPhase;
  reason: string;
  message: string;
}

const timeoutReasons = ['Timeout', 'DeadlineExceeded'];

/** What the node said, unless it was ended by the controller for its time being over. */
export function outcomeOf(placement: Placement, phase: FinalPhase): Outcome {
  const { reason = phase, message = '' } = placement.status ?? {};
  const stopReason = stopReasonOf(placement);
  const wasStopped = phase === 'Killed' || phase === 'Stopped';
  if (wasStopped && stopReason === 'Timeout') return { phase: 'Failed', reason: 'Timeout', message: 'It ran longer than its timeout.' };
  return { phase, reason: wasStopped && stopReason ? stopReason : reason, message };
}

const causeOf = ({ phase, reason }: Outcome): Cause | undefined => {
  if (phase === 'Failed') return timeoutReasons.includes(reason) ? 'Timeout' : 'Failed';
  if (phase === 'KilledOOM') return 'OOM';
  return phase === 'Lost' || phase === 'Rejected' ? phase : undefined;
};

const wasMoved = ({ phase, reason }: Outcome): boolean => (phase === 'Killed' || phase === 'Stopped') && isMoveReason(reason);

/** Whether there is another attempt after this one, and whether that counts against the limit. */
export function verdictOn({ spec, status }: Task, outcome: Outcome): { again: boolean; counts: boolean } {
  if (wasMoved(outcome)) return { again: true, counts: false };
  const cause = causeOf(outcome);
  const isListed = cause !== undefined && spec.retry.when.includes(cause);
  if (cause === 'Rejected' && !isListed) return { again: true, counts: false };
  return { again: isListed && (status?.retries ?? 0) < spec.retry.limit, counts: isListed };
}

type Ended = NonNullable<NonNullable<Task['status']>['history']>[number];

/** How long after the end of the newest attempt the next begins: twice as long each time, and at once for what was moved away. */
export function backoffOf({ spec, status }: Task, ended: readonly Ended[], retries = status?.retries ?? 0): number {
  const last = ended.at(-1);
  if (!last || wasMoved({ phase: last.phase as FinalPhase, reason: last.reason ?? '', message: '' })) return 0;
  const rejectedInARow = ended.length - 1 - ended.findLastIndex(({ phase }) => phase !== 'Rejected');
  const times = Math.max(retries, rejectedInARow, 1);
  return Math.min(durationMs(spec.retry.backoff.max), durationMs(spec.retry.backoff.initial) * 2 ** Math.min(times - 1, 30));
}
