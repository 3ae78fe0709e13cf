import type { Condition } from './meta/object-meta.ts';

/** The phases in which a workload ends; nothing follows them. */
export const finalPhases = ['Succeeded', 'Failed', 'Killed', 'KilledOOM', 'Lost', 'Rejected', 'Stopped'] as const;

/** Every phase of a workload, in the order in which it may go through them. */
export const phases = ['PendingApproval', 'Pending', 'Assigned', 'Starting', 'Running', 'Paused', 'Unreachable', ...finalPhases] as const;

export type Phase = (typeof phases)[number];
export type FinalPhase = (typeof finalPhases)[number];

/**
 * The conditions that a phase is told from. `Finished` is True with the final phase as its reason; `Approved` stands only where an
 * approval is asked for; `Scheduled`, `Accepted` (by the node), `Running` come one after the other; `Paused` and `Reachable` lie across.
 */
export type PhaseCondition = 'Finished' | 'Approved' | 'Scheduled' | 'Accepted' | 'Running' | 'Paused' | 'Reachable';

export const isFinalPhase = (phase: string | undefined): phase is FinalPhase => finalPhases.some((final) => final === phase);

/** The one word for a list of conditions. The only writer of a phase: whoever sets a phase sets it to this. */
export function phaseOf(conditions: readonly Pick<Condition, 'type' | 'status' | 'reason'>[]): Phase {
  const find = (type: PhaseCondition) => conditions.find((condition) => condition.type === type);
  const holds = (type: PhaseCondition) => find(type)?.status === 'True';
  const isDenied = (type: PhaseCondition) => find(type) !== undefined && !holds(type);

  const finished = find('Finished');
  if (finished?.status === 'True') return isFinalPhase(finished.reason) ? finished.reason : 'Failed';
  if (isDenied('Approved')) return 'PendingApproval';
  if (!holds('Scheduled')) return 'Pending';
  if (isDenied('Reachable')) return 'Unreachable';
  if (holds('Paused')) return 'Paused';
  if (holds('Running')) return 'Running';
  return holds('Accepted') ? 'Starting' : 'Assigned';
}
