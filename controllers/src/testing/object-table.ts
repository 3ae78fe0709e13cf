import { isObject, type Json, type JsonObject, type KubeObject } from '@river/crds';
import type { Now } from '../decide/decision.ts';
import { riverViews } from '../reconciling/river-controllers.ts';

/** Objects with the rules that the deciders count on: names, revisions, finalizers, owners. */
export interface ObjectTable {
  find(kind: string, name: string, namespace?: string): KubeObject | undefined;
  all(kind: string): KubeObject[];
  seenAt(object: KubeObject): number | undefined;
  /** Undefined when the name is taken. */
  create(object: KubeObject): KubeObject | undefined;
  /** Undefined when it is not there, or, where that is asked for, at another revision. */
  replace(of: KubeObject, version: string | undefined, next: (now: KubeObject) => KubeObject): KubeObject | undefined;
  remove(of: KubeObject): void;
  /** The table as it was so many revisions ago. */
  past(revisions: number): Pick<ObjectTable, 'find' | 'all' | 'seenAt'>;
}

type Rows = ReadonlyMap<string, { object: KubeObject; seenMs: number }>;

export function objectTable(now: () => Now): ObjectTable {
  const rows = new Map<string, { object: KubeObject; seenMs: number }>();
  const history: Rows[] = [new Map()];
  let revision = 0;
  let uids = 0;
  const timeOf = () => new Date(now().wallMs).toISOString();
  const put = (object: KubeObject): KubeObject => {
    const kept = structuredClone(object);
    kept.metadata.resourceVersion = String(++revision);
    rows.set(keyOf(kept), { object: kept, seenMs: now().monotonicMs });
    dropIfDue(kept);
    history.push(new Map(rows));
    return kept;
  };
  const dropIfDue = (object: KubeObject) => {
    if (object.metadata.deletionTimestamp === undefined || (object.metadata.finalizers ?? []).length > 0) return;
    rows.delete(keyOf(object));
    for (const { object: other } of [...rows.values()])
      if (other.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid)) remove(other);
  };
  const held = (of: KubeObject) => {
    const found = rows.get(keyOf(of))?.object;
    return found?.metadata.uid === of.metadata.uid ? found : undefined;
  };
  const remove = (of: KubeObject) => {
    const found = held(of);
    if (found && found.metadata.deletionTimestamp === undefined)
      put({ ...found, metadata: { ...found.metadata, deletionTimestamp: timeOf() } });
  };
  return {
    remove,
    ...readsOf(rows),
    past: (revisions) => readsOf(history[Math.max(0, history.length - 1 - revisions)] ?? rows),
    create(object) {
      if (rows.has(keyOf(object))) return undefined;
      const own = { uid: `${String(++uids).padStart(5, '0')}-uid`, creationTimestamp: timeOf(), generation: 1 };
      return put({ ...object, metadata: { ...object.metadata, ...own } });
    },
    replace(of, version, next) {
      const found = held(of);
      if (!found || (version !== undefined && found.metadata.resourceVersion !== version)) return undefined;
      return put(next(structuredClone(found)));
    },
  };
}

const keyOf = ({ kind, metadata }: KubeObject) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;

const readsOf = (rows: Rows): Pick<ObjectTable, 'find' | 'all' | 'seenAt'> => ({
  find: (kind, name, namespace) => rows.get(`${kind}/${namespace ?? ''}/${name}`)?.object,
  all: (kind) => [...rows.values()].map(({ object }) => object).filter((object) => object.kind === kind),
  seenAt(object) {
    const found = rows.get(keyOf(object));
    return found?.object.metadata.resourceVersion === object.metadata.resourceVersion ? found?.seenMs : undefined;
  },
});

/** Checks and defaults an object as the server does. */
export const parsed = (object: KubeObject): KubeObject =>
  riverViews.find(({ kind }) => kind.kind === object.kind)?.kind.parse(structuredClone(object)) ?? object;

/** As a JSON merge patch does. */
export function merge(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name] ?? null, value);
  }
  return merged;
}
