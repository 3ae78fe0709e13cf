import type { StructuralSchema } from '../schema/structural-schema.ts';
import type { Condition, ObjectMeta } from './object-meta.ts';

export interface PrinterColumn {
  name: string;
  type: 'integer' | 'number' | 'string' | 'boolean' | 'date';
  jsonPath: string;
  format?: string;
  description?: string;
  priority?: number;
}

export interface CrdNames {
  plural: string;
  singular?: string;
  shortNames?: string[];
  kind: string;
  listKind?: string;
  categories?: string[];
}

export interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: StructuralSchema };
  subresources?: {
    status?: Record<string, never>;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: PrinterColumn[];
  /** `label`, only on Kubernetes' own kinds: the name by which the field is selected, where that is not its path. */
  selectableFields?: { jsonPath: string; label?: string }[];
}

export interface CrdSpec {
  group: string;
  names: CrdNames;
  scope: 'Namespaced' | 'Cluster';
  versions: CrdVersion[];
  conversion?: { strategy: 'None' | 'Webhook' };
  preserveUnknownFields?: boolean;
}

export interface CrdStatus {
  conditions?: Condition[];
  acceptedNames?: CrdNames;
  storedVersions?: string[];
}

/**
 * apiextensions.k8s.io/v1 CustomResourceDefinition. River's own kinds and Kubernetes' built-in ones are written in this form too
 * (for the core group, `spec.group` is the empty string), so the server has exactly one way to serve a resource.
 */
export interface CustomResourceDefinition {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: ObjectMeta;
  spec: CrdSpec;
  status?: CrdStatus;
}
