import type { JsonObject } from '@river/crds';
import type { CachedObject } from '../cache/cached-object.ts';

/** Objects of one resource that are being deleted and are still there. */
export interface Remaining {
  /** `configmaps.`, `tasks.river.dev`: as Kubernetes names it in these messages. */
  resource: string;
  objects: readonly CachedObject[];
}

const condition = (type: string, reason: string, message: string): JsonObject => ({ type, status: 'True', reason, message });

/** What stands in the way of a namespace's end, in the words that Kubernetes has for it. Empty when nothing does. */
export function remainingConditions(remaining: readonly Remaining[]): JsonObject[] {
  const held = remaining.filter(({ objects }) => objects.length > 0);
  if (held.length === 0) return [];
  const resources = held.map(({ resource, objects }) => `${resource} has ${objects.length} resource instances`);
  const finalizers = new Map<string, number>();
  for (const finalizer of held.flatMap(({ objects }) => objects.flatMap((object) => object.finalizers)))
    finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  const holders = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    condition('NamespaceContentRemaining', 'SomeResourcesRemain', `Some resources are remaining: ${resources.sort().join(', ')}`),
    condition(
      'NamespaceFinalizersRemaining',
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${holders.sort().join(', ')}`,
    ),
  ];
}

const withoutTime = ({ lastTransitionTime: _, ...rest }: JsonObject): string => JSON.stringify(Object.entries(rest).sort());

/** Whether two lists of conditions say the same, whenever they came to. */
export const sameConditions = (a: readonly JsonObject[], b: readonly JsonObject[]): boolean =>
  a.length === b.length && a.every((one) => b.some((other) => withoutTime(one) === withoutTime(other)));
