import { type Condition, type PhaseCondition, phaseOf } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import type { Admission, Container, Outcome } from '../plan/work.ts';

/** Why something that was taken on does not run yet. */
export interface Trouble {
  reason: string;
  message: string;
}

type Status = NonNullable<Placement['status']>;

/**
 * What this node says of a Placement. It depends on nothing but what is given, times included, so that what was said already is
 * recognised, after an hour without a server as after a second.
 */
export function statusOf(placement: Placement, admission: Admission, container: Container | undefined, trouble?: Trouble): Status {
  const { outcome } = admission;
  const said = outcome ? ended(outcome) : going(admission, container, trouble);
  const conditions = merged(placement, said.conditions);
  const { startMs = container?.startMs } = outcome ?? {};
  const { waiting: _, ...before } = placement.status ?? {};
  return {
    ...before,
    ...said.fields,
    conditions,
    phase: phaseOf(conditions),
    epoch: admission.epoch,
    ...(placement.metadata.generation !== undefined && { observedGeneration: placement.metadata.generation }),
    ...(container && { containerId: container.id }),
    ...(container?.imageDigest !== undefined && { imageDigest: container.imageDigest }),
    ...(container?.address !== undefined && { address: container.address }),
    ...(startMs !== undefined && { startTime: timeOf(startMs) }),
  };
}

type Said = Pick<Condition, 'status' | 'reason' | 'message'> & { type: PhaseCondition; sinceMs: number };
interface Saying {
  conditions: Said[];
  fields: Pick<Status, 'reason' | 'message' | 'exitCode' | 'finishTime'>;
}

const say = (type: PhaseCondition, holds: boolean, sinceMs: number, reason: string, message = ''): Said => ({
  type,
  status: holds ? 'True' : 'False',
  sinceMs,
  reason,
  message,
});

function ended(outcome: Outcome): Saying {
  const { phase, reason, message, exitCode, finishMs, startMs } = outcome;
  const text = phase === 'Rejected' ? `${reason}: ${message}` : message;
  const conditions = [say('Finished', true, finishMs, phase, text)];
  if (startMs !== undefined) conditions.push(say('Running', false, finishMs, 'Finished'));
  return { conditions, fields: { reason, message, finishTime: timeOf(finishMs), ...(exitCode !== undefined && { exitCode }) } };
}

function going({ admittedMs }: Admission, container: Container | undefined, trouble: Trouble | undefined): Saying {
  const sinceMs = container?.startMs ?? admittedMs;
  const isAlive = container?.state === 'running' || container?.state === 'paused';
  const { reason, message } = trouble ?? { reason: isAlive ? 'Started' : 'Starting', message: '' };
  const conditions = [
    say('Scheduled', true, admittedMs, 'Bound'),
    say('Accepted', true, admittedMs, 'Admitted'),
    say('Running', isAlive, sinceMs, reason, message),
    say('Paused', container?.state === 'paused', sinceMs, container?.state === 'paused' ? 'Paused' : 'NotPaused'),
  ];
  return { conditions, fields: { reason, message } };
}

/** Conditions of others stay. When one goes on holding, so does the time since which it holds. */
function merged(placement: Placement, said: readonly Said[]): Condition[] {
  const before = placement.status?.conditions ?? [];
  const mine = said.map(({ sinceMs, ...condition }) => {
    const old = before.find(({ type }) => type === condition.type);
    return { ...condition, lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : timeOf(sinceMs) };
  });
  return [...before.filter(({ type }) => !mine.some((condition) => condition.type === type)), ...mine];
}

const timeOf = (ms: number): string => new Date(ms).toISOString();
