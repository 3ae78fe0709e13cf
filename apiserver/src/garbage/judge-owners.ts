import type { OwnerReference } from '@river/crds';
import type { CachedObject } from '../cache/cached-object.ts';
import { cacheObject } from '../cache/cached-object.ts';
import { objectKey } from '../object/object-key.ts';
import { readStore } from '../write/commit.ts';
import type { WriteDeps } from '../write/write-context.ts';

/**
 * `solid` owners keep their dependents. `waiting` ones are being deleted and wait for theirs. `absent` ones are gone for certain.
 * An owner of a kind that is not served cannot be judged, so it counts as solid: nothing is deleted on a guess.
 */
export interface JudgedOwners {
  solid: OwnerReference[];
  waiting: OwnerReference[];
  absent: OwnerReference[];
}

export const foreground = 'foregroundDeletion';
export const orphan = 'orphan';

export async function judgeOwners(deps: WriteDeps, object: CachedObject): Promise<JudgedOwners> {
  const judged: JudgedOwners = { solid: [], waiting: [], absent: [] };
  for (const owner of object.owners) judged[await judge(deps, object, owner)].push(owner);
  return judged;
}

async function judge(deps: WriteDeps, object: CachedObject, owner: OwnerReference): Promise<keyof JudgedOwners> {
  const group = owner.apiVersion.includes('/') ? (owner.apiVersion.split('/')[0] ?? '') : '';
  const kind = deps.registry.findKind(group, owner.kind);
  if (!kind || (kind.isNamespaced && object.namespace === '')) return 'solid';
  const key = objectKey(kind.prefix, kind.isNamespaced ? object.namespace : '', owner.name);
  const seen = kind.cache.get(key);
  if (seen?.uid === owner.uid) return stateOf(seen);
  const stored = await readStore(() => deps.store.get(key));
  const found = stored && cacheObject(key, '', owner.name, stored.value, stored.revision, 0);
  return found?.uid === owner.uid ? stateOf(found) : 'absent';
}

const stateOf = (owner: CachedObject): keyof JudgedOwners =>
  owner.isDeleting && owner.finalizers.includes(foreground) ? 'waiting' : 'solid';
