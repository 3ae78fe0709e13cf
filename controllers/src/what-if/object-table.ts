import { isObject, type Json, type JsonObject, type KubeObject } from '@river/crds';
import type { Now } from '../decide/decision.ts';
import { riverViews } from '../reconciling/river-controllers.ts';

/** Objects with the rules that the deciders count on: names, revisions, finalizers, owners. */
export interface ObjectTable extends TableReads {
  /** Takes an object as it stands, as it was read elsewhere. */
  load(object: KubeObject): void;
  /** Undefined when the name is taken. */
  create(object: KubeObject): KubeObject | undefined;
  /** Undefined when it is not there, or, where that is asked for, at another revision. */
  replace(of: KubeObject, version: string | undefined, next: (now: KubeObject) => KubeObject): KubeObject | undefined;
  remove(of: KubeObject): void;
}

export interface TableReads {
  find(kind: string, name: string, namespace?: string): KubeObject | undefined;
  all(kind: string): KubeObject[];
  byIndex(kind: string, index: string, value: string): KubeObject[];
  seenAt(object: KubeObject): number | undefined;
}

/** Told of each change: what it is now, and what it was. */
export type OnPut = (object: KubeObject, previous: KubeObject | undefined, isGone: boolean) => void;

interface Row {
  object: KubeObject;
  seenMs: number;
}

/** By kind, then by namespace and name. */
export type Rows = Map<string, Map<string, Row>>;

export function objectTable(now: () => Now, onPut: OnPut = () => {}, rows: Rows = new Map()): ObjectTable {
  const index = indexed();
  const byOwner = new Map<string, Set<KubeObject>>();
  let revision = 0n;
  let uids = 0;
  const timeOf = () => new Date(now().wallMs).toISOString();

  const place = (object: KubeObject | undefined, previous: KubeObject | undefined) => {
    const any = object ?? previous;
    if (!any) return;
    const ofKind = rows.get(any.kind) ?? new Map<string, Row>();
    rows.set(any.kind, ofKind);
    if (object) ofKind.set(keyOf(object), { object, seenMs: now().monotonicMs });
    else ofKind.delete(keyOf(any));
    index.change(object, previous);
    for (const { uid } of previous?.metadata.ownerReferences ?? []) if (previous) byOwner.get(uid)?.delete(previous);
    for (const { uid } of object?.metadata.ownerReferences ?? []) if (object) byOwner.set(uid, (byOwner.get(uid) ?? new Set()).add(object));
    onPut(any, previous, object === undefined);
  };
  const put = (object: KubeObject, previous: KubeObject | undefined): KubeObject => {
    const kept = structuredClone(object);
    kept.metadata.resourceVersion = String(++revision);
    place(kept, previous);
    dropIfDue(kept);
    return kept;
  };
  const dropIfDue = (object: KubeObject) => {
    if (object.metadata.deletionTimestamp === undefined || (object.metadata.finalizers ?? []).length > 0) return;
    place(undefined, object);
    for (const owned of [...(byOwner.get(object.metadata.uid ?? '') ?? [])]) remove(owned);
    byOwner.delete(object.metadata.uid ?? '');
  };
  const held = (of: KubeObject) => {
    const found = rows.get(of.kind)?.get(keyOf(of))?.object;
    return found?.metadata.uid === of.metadata.uid ? found : undefined;
  };
  const remove = (of: KubeObject) => {
    const found = held(of);
    if (found && found.metadata.deletionTimestamp === undefined)
      put({ ...found, metadata: { ...found.metadata, deletionTimestamp: timeOf() } }, found);
  };
  return {
    remove,
    ...readsOf(rows),
    byIndex: index.find,
    load(object) {
      const version = BigInt(object.metadata.resourceVersion ?? 0);
      if (version > revision) revision = version;
      place(object, undefined);
    },
    create(object) {
      if (rows.get(object.kind)?.has(keyOf(object))) return undefined;
      const own = { uid: `${String(++uids).padStart(5, '0')}-uid`, creationTimestamp: timeOf(), generation: 1 };
      return put({ ...object, metadata: { ...object.metadata, ...own } }, undefined);
    },
    replace(of, version, next) {
      const found = held(of);
      if (!found || (version !== undefined && found.metadata.resourceVersion !== version)) return undefined;
      return put(next(structuredClone(found)), found);
    },
  };
}

const keyOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;

function indexed() {
  const found = new Map<string, Set<KubeObject>>();
  const keysOf = (object: KubeObject | undefined): string[] => {
    const followed = object && riverViews.find(({ kind }) => kind.kind === object.kind);
    if (!followed) return [];
    return Object.entries(followed.indexes).flatMap(([name, valuesOf]) =>
      valuesOf(object).map((value) => `${object.kind} ${name} ${value}`),
    );
  };
  return {
    change(object: KubeObject | undefined, previous: KubeObject | undefined) {
      for (const key of keysOf(previous)) if (previous) found.get(key)?.delete(previous);
      for (const key of keysOf(object)) if (object) found.set(key, (found.get(key) ?? new Set()).add(object));
    },
    find: (kind: string, name: string, value: string): KubeObject[] => [...(found.get(`${kind} ${name} ${value}`) ?? [])],
  };
}

/** Reads rows, also old ones: what is found by an index is looked for one by one. */
export const readsOf = (rows: Rows): TableReads => {
  const all = (kind: string) => Array.from(rows.get(kind)?.values() ?? [], ({ object }) => object);
  return {
    all,
    find: (kind, name, namespace) => rows.get(kind)?.get(`${namespace ?? ''}/${name}`)?.object,
    byIndex(kind, index, value) {
      const valuesOf = riverViews.find((each) => each.kind.kind === kind)?.indexes[index];
      if (!valuesOf) throw new TypeError(`there is no index "${index}"`);
      return all(kind).filter((object) => valuesOf(object).includes(value));
    },
    seenAt(object) {
      const found = rows.get(object.kind)?.get(keyOf(object));
      return found?.object.metadata.resourceVersion === object.metadata.resourceVersion ? found?.seenMs : undefined;
    },
  };
};

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
