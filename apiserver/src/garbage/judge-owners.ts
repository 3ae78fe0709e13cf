import type { OwnerReference } from '@river/crds';
import { type CachedObject, cacheObject } from '../cache/cached-object.ts';
import { objectKey } from '../object/object-key.ts';
import { readStore } from '../write/commit.ts';
import type { WriteDeps } from '../write/write-context.ts';
import type { OwnerGraph } from './owner-graph.ts';

/**
 * `solid` owners keep their dependents. `waiting` ones are being deleted and wait for theirs. `absent` ones are gone for certain.
 * `unknown` ones are of a kind that is not served now: they keep their dependents too, because nothing is deleted on a guess.
 */
export interface JudgedOwners {
  solid: OwnerReference[];
  unknown: OwnerReference[];
  waiting: OwnerReference[];
  absent: OwnerReference[];
}

export const foreground = 'foregroundDeletion';
export const orphan = 'orphan';

export async function judgeOwners(deps: WriteDeps, graph: Pick<OwnerGraph, 'sawGo'>, object: CachedObject): Promise<JudgedOwners> {
  const judged: JudgedOwners = { solid: [], unknown: [], waiting: [], absent: [] };
  for (const owner of object.owners) {
    const verdict = graph.sawGo(owner.uid, object.namespace) ? 'absent' : await judge(deps, object, owner);
    judged[verdict].push(owner);
  }
  return judged;
}

async function judge(deps: WriteDeps, object: CachedObject, owner: OwnerReference): Promise<keyof JudgedOwners> {
  const group = owner.apiVersion.includes('/') ? (owner.apiVersion.split('/')[0] ?? '') : '';
  const kind = deps.registry.findKind(group, owner.kind);
  if (!kind) return 'unknown';
  // What stands outside namespaces cannot be owned by what stands in one, and Kubernetes leaves it alone.
  if (kind.isNamespaced && object.namespace === '') return 'solid';
  const key = objectKey(kind.prefix, kind.isNamespaced ? object.namespace : '', owner.name);
  const seen = kind.cache.get(key);
  if (seen?.uid === owner.uid) return stateOf(seen);
  const stored = await readStore(() => deps.store.get(key));
  const found = stored && cacheObject(key, '', owner.name, stored.value, stored.revision, 0);
  // A Secret that cannot be read has no uid: it may be the one.
  if (found?.uid === '') return 'unknown';
  return found?.uid === owner.uid ? stateOf(found) : 'absent';
}

const stateOf = (owner: CachedObject): keyof JudgedOwners =>
  owner.isDeleting && owner.finalizers.includes(foreground) ? 'waiting' : 'solid';
