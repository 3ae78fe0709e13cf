import type { JsonObject, KubeObject } from '@river/crds';
import { Namespace, Node, Placement, PriorityClass, Queue, type ResourceDef } from '@river/crds/kinds';
import type { Now } from '../decide/decision.ts';
import { bindingPatch, evictionPatch } from '../scheduler/binding-patch.ts';
import { snapshotReader } from '../scheduler/read-snapshot.ts';
import { runTimes } from '../scheduler/run-times.ts';
import { schedule } from '../scheduler/schedule.ts';
import type { Waiting } from '../scheduler/snapshot.ts';
import { advanceUsage, parseUsage, usageAnnotation } from '../scheduler/usage.ts';
import { applySteps } from './apply-steps.ts';
import type { ObjectTable } from './object-table.ts';

export interface Pass {
  waiting: Waiting[];
  hasChanged: boolean;
}

/** The scheduler over a table: what it decides is done at once. */
export function oneSchedulingPass(table: ObjectTable, now: Now): () => Pass {
  const read = snapshotReader();
  const times = runTimes();
  const learned = new WeakSet<KubeObject>();
  // The table holds under a kind what is of that kind.
  const all = <T extends KubeObject>({ kind }: ResourceDef<T, unknown>): T[] => table.all(kind) as never[];
  const patch = (key: string, bodyOf: (placement: Placement) => JsonObject): boolean => {
    const [namespace, name = ''] = key.split('/');
    const of = table.find(Placement.kind, name, namespace);
    return of !== undefined && applySteps({ table, tell: () => {} }, [{ act: 'patch', of, body: bodyOf(of as unknown as Placement) }]);
  };
  return () => {
    const placements = all<Placement>(Placement);
    const queues = all<Queue>(Queue);
    for (const placement of placements) {
      if (!learned.has(placement)) times.learn(placement);
      learned.add(placement);
    }
    const snapshot = read({
      ...{ placements, queues, nodes: all<Node>(Node), usage: usageOf(queues, now) },
      ...{ priorityClasses: all<PriorityClass>(PriorityClass), namespaces: all(Namespace as ResourceDef) },
      expectedMs: times.expectedMs,
    });
    const { bindings, evictions, waiting, isComplete } = schedule(snapshot, now.wallMs);
    const evicted = evictions.filter((eviction) => patch(eviction.key, (placement) => evictionPatch(placement, eviction)));
    const bound = bindings.filter((binding) => patch(binding.key, (placement) => bindingPatch(placement, binding)));
    return { waiting, hasChanged: evicted.length + bound.length > 0 || (!isComplete && bindings.length > 0) };
  };
}

const usageOf = (queues: readonly Queue[], { wallMs }: Now): Record<string, number> =>
  Object.fromEntries(
    queues.map(({ metadata }) => [metadata.name, advanceUsage(parseUsage(metadata.annotations?.[usageAnnotation]), 0, wallMs).share]),
  );
