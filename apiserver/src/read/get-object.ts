import type { CachedObject } from '../cache/cached-object.ts';
import { objectKey } from '../object/object-key.ts';
import type { Target } from '../registry/served-kind.ts';
import { notFound } from '../write/refusals.ts';
import { parseRevision, type ReadDeps, reachNow, reachRevision } from './read-at.ts';

/** One object, as new as `resourceVersion` asks: unset means as new as anything that was acknowledged, 0 whatever is at hand. */
export async function getObject(
  deps: ReadDeps,
  target: Target,
  namespace: string,
  name: string,
  resourceVersion?: string,
): Promise<CachedObject> {
  if (resourceVersion) await reachRevision(deps, parseRevision(resourceVersion));
  else await reachNow(deps);
  const object = target.kind.cache.get(objectKey(target.kind.prefix, namespace, name));
  if (!object) throw notFound(target, name);
  return object;
}
