import type { OwnerReference } from '@river/crds';
import { decodeObject, replaceRevision, withRevision } from '../object/encode.ts';

/** One object as the cache keeps it: its bytes, and the little that must be known of every object without reading them. */
export interface CachedObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: bigint;
  /** As clients get it in its storage version, resourceVersion included. */
  bytes: Buffer;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly isDeleting: boolean;
  readonly createdAt: string;
  /** Which schema these bytes were written under; see ObjectCache.epoch. */
  epoch: number;
}

const none: readonly never[] = [];
const noLabels = {};

export function cacheObject(
  key: string,
  namespace: string,
  name: string,
  stored: Uint8Array,
  revision: bigint,
  epoch: number,
): CachedObject {
  const { metadata } = decodeObject(stored);
  return {
    key,
    namespace,
    name,
    revision,
    bytes: withRevision(stored, revision),
    uid: metadata.uid ?? '',
    labels: metadata.labels ?? noLabels,
    owners: metadata.ownerReferences ?? none,
    finalizers: metadata.finalizers ?? none,
    isDeleting: metadata.deletionTimestamp !== undefined,
    createdAt: metadata.creationTimestamp ?? '',
    epoch,
  };
}

export const atRevision = (object: CachedObject, revision: bigint): CachedObject => ({
  ...object,
  revision,
  bytes: replaceRevision(object.bytes, revision),
});
