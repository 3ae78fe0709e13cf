import type { Condition } from '@river/crds';

export type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export const conditionOf = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

export const holds = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  conditionOf(conditions, type)?.status === 'True';

/** The conditions with these set. The time of a condition is when its status last changed, so saying the same again changes nothing. */
export function setConditions(
  before: readonly Condition[] | undefined,
  said: readonly Said[],
  { time, generation }: { time: string; generation: number | undefined },
): Condition[] {
  const fresh = said.map(({ type, status, reason, message }): Condition => {
    const held = conditionOf(before, type);
    const lastTransitionTime = held?.status === status ? held.lastTransitionTime : time;
    return { type, status, reason, message, lastTransitionTime, ...(generation !== undefined && { observedGeneration: generation }) };
  });
  const kept = (before ?? []).filter(({ type }) => !said.some((condition) => condition.type === type));
  return [...kept, ...fresh].sort((a, b) => (a.type < b.type ? -1 : 1));
}

export const dropConditions = (conditions: readonly Condition[], types: readonly string[]): Condition[] =>
  conditions.filter(({ type }) => !types.includes(type));
