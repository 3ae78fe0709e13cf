import type { KubeObject } from '@river/crds';
import type { CachedObject } from '../cache/cached-object.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { asJson, decodeObject } from '../object/encode.ts';
import type { ServedVersion } from '../registry/served-kind.ts';

export const isCurrent = (object: CachedObject, version: ServedVersion, cache: ObjectCache): boolean =>
  version.isStorage && object.epoch === cache.epoch;

/** The object at a version, brought under today's schema: one that was written under an older one may lack defaults or hold more. */
export function currentObject(object: CachedObject, version: ServedVersion, cache: ObjectCache): KubeObject {
  const decoded = decodeObject(object.bytes);
  if (isCurrent(object, version, cache)) return decoded;
  const converted = version.fromStorage(decoded);
  version.schema.prune(asJson(converted));
  version.schema.applyDefaults(asJson(converted));
  return converted;
}

/** The object's bytes at a version. In the storage version they are the cached ones, untouched, after the first look. */
export function presentBytes(object: CachedObject, version: ServedVersion, cache: ObjectCache): Buffer {
  if (isCurrent(object, version, cache)) return object.bytes;
  const bytes = Buffer.from(JSON.stringify(resourceVersionFirst(currentObject(object, version, cache))));
  if (version.isStorage) {
    object.bytes = bytes;
    object.epoch = cache.epoch;
  }
  return bytes;
}

/** Cached bytes begin as `withRevision` writes them, because a delete event replaces the revision in place. */
function resourceVersionFirst({ apiVersion, kind, metadata, ...rest }: KubeObject) {
  const { resourceVersion, ...others } = metadata;
  return { apiVersion, kind, metadata: { resourceVersion, ...others }, ...rest };
}
