import type { PrinterColumn, StructuralSchema } from '@river/crds';

/** What one version of one kind tells the world about itself: the input of discovery, OpenAPI and Tables. Built from a CRD's version. */
export interface ResourceInfo {
  /** Empty for the core group. */
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  verbs: readonly string[];
  hasStatus: boolean;
  /** Who approves writes through a subresource of its own. */
  hasApproval?: boolean;
  scale: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string } | null;
  /** A POST to the token subresource gives a token of the object. */
  hasToken?: boolean;
  schema: StructuralSchema;
  columns: readonly PrinterColumn[];
  /** Fields that selectors may name, by label; without metadata.name and metadata.namespace, which every kind has. */
  selectableFields: readonly { path: string; label: string }[];
  /** The version in which the kind's objects are kept. */
  storageVersion: string;
  deprecated: boolean;
  deprecationWarning?: string;
}
