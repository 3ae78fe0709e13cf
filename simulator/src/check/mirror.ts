import type { Store, StoreEvent } from '@river/apiserver/core';
import type { KubeObject } from '@river/crds';
import type { Lease, Node, Placement, Task, TaskSet } from '@river/crds/kinds';

export interface Kinds {
  Task: Task;
  TaskSet: TaskSet;
  Placement: Placement;
  Node: Node;
  Lease: Lease;
}

/** What is in the store, object by object, read from its own events: nobody's cache. */
export interface Mirror {
  all<K extends keyof Kinds>(kind: K): Kinds[K][];
  find<K extends keyof Kinds>(kind: K, name: string): Kinds[K] | undefined;
  /** Every Placement that ever was, as it was last. */
  placementEver(uid: string): Placement | undefined;
  placementsEverOf(ownerUid: string): Placement[];
}

/** Nothing is judged by events, definitions and the like. */
const isJudged = (key: string): boolean => /^(river\.dev\/(tasks|tasksets|placements|nodes)|coordination\.k8s\.io\/leases)\//.test(key);

export type OnWrite = (now: KubeObject | undefined, before: KubeObject | undefined) => void;

export function mirror(store: Store, fromRevision: bigint, onWrite: OnWrite): Mirror {
  const objects = new Map<string, KubeObject>();
  const byKind = new Map<string, Map<string, KubeObject>>();
  const ever = new Map<string, Placement>();
  const keep = (key: string, object: KubeObject) => {
    objects.set(key, object);
    const kept = byKind.get(object.kind) ?? new Map<string, KubeObject>();
    byKind.set(object.kind, kept.set(object.metadata.name, object));
    // An object of that kind, as the server has judged it.
    if (object.kind === 'Placement') ever.set(object.metadata.uid ?? '', object as unknown as Placement);
  };
  const take = ({ key, value, revision }: StoreEvent) => {
    if (!isJudged(key)) return;
    const before = objects.get(key);
    if (value === null) {
      if (!before) return;
      objects.delete(key);
      byKind.get(before.kind)?.delete(before.metadata.name);
      return onWrite(undefined, before);
    }
    const object = JSON.parse(Buffer.from(value).toString('utf8')) as KubeObject;
    object.metadata.resourceVersion = String(revision);
    keep(key, object);
    onWrite(object, before);
  };
  store.watch('', fromRevision, {
    onEvents(events) {
      for (const event of events) take(event);
    },
    onEnd: () => {},
  });
  return {
    // What is kept under a kind is of it.
    all: <K extends keyof Kinds>(kind: K) => [...(byKind.get(kind)?.values() ?? [])] as unknown as Kinds[K][],
    find: <K extends keyof Kinds>(kind: K, name: string) => byKind.get(kind)?.get(name) as unknown as Kinds[K] | undefined,
    placementEver: (uid) => ever.get(uid),
    placementsEverOf: (ownerUid) => [...ever.values()].filter(({ spec }) => spec.owner.uid === ownerUid),
  };
}
