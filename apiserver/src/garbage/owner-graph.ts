import type { CachedObject } from '../cache/cached-object.ts';

/** Who is owned by whom, by uid, over all kinds. */
export interface OwnerGraph {
  /** Replaces what was known of an object by what is; either may be nothing. */
  move(previous: CachedObject | undefined, next: CachedObject | undefined): void;
  /** Keys of the objects that name this uid as an owner. */
  dependentsOf(uid: string): readonly string[];
  keyOf(uid: string): string | undefined;
  /**
   * Whether the owner with this uid, as an object in this namespace may name it, was seen to go. Known for as long as something
   * names it, also when its kind is no longer served.
   */
  sawGo(uid: string, namespace: string): boolean;
  clear(): void;
}

export function ownerGraph(): OwnerGraph {
  const dependents = new Map<string, Set<string>>();
  const keys = new Map<string, string>();
  const gone = new Map<string, { isNamespaced: boolean }>();

  const unlink = ({ key, uid, owners }: CachedObject) => {
    if (keys.get(uid) === key) keys.delete(uid);
    for (const owner of owners) {
      const owned = dependents.get(owner.uid);
      owned?.delete(key);
      if (owned?.size === 0) dependents.delete(owner.uid);
    }
  };
  const link = ({ key, uid, owners }: CachedObject) => {
    keys.set(uid, key);
    for (const owner of owners) {
      const owned = dependents.get(owner.uid);
      if (owned) owned.add(key);
      else dependents.set(owner.uid, new Set([key]));
    }
  };
  return {
    move(previous, next) {
      if (previous) unlink(previous);
      if (next) link(next);
      else if (previous && dependents.has(previous.uid)) gone.set(previous.uid, { isNamespaced: previous.namespace !== '' });
      for (const { uid } of previous?.owners ?? []) if (!dependents.has(uid)) gone.delete(uid);
    },
    dependentsOf: (uid) => [...(dependents.get(uid) ?? [])],
    keyOf: (uid) => keys.get(uid),
    sawGo(uid, namespace) {
      const owner = gone.get(uid);
      return owner !== undefined && !(owner.isNamespaced && namespace === '');
    },
    clear() {
      dependents.clear();
      keys.clear();
      gone.clear();
    },
  };
}
