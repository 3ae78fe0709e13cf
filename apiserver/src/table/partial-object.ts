import type { KubeObject, ObjectMeta } from '@river/crds';

export type MetaVersion = 'v1' | 'v1beta1';

/** The metadata of a list or a Table. */
export interface ListMeta {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

export interface PartialObjectMetadata {
  kind: 'PartialObjectMetadata';
  apiVersion: `meta.k8s.io/${MetaVersion}`;
  metadata: ObjectMeta;
}

/** An object without what its kind adds: all that garbage collectors and metadata informers ask for. */
export const partialObject = ({ metadata }: KubeObject, version: MetaVersion = 'v1'): PartialObjectMetadata => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
});

/** A list of such objects. */
export const partialObjectList = (objects: readonly KubeObject[], metadata: ListMeta, version: MetaVersion = 'v1') => ({
  kind: 'PartialObjectMetadataList' as const,
  apiVersion: `meta.k8s.io/${version}` as const,
  metadata,
  items: objects.map((object) => partialObject(object, version)),
});
