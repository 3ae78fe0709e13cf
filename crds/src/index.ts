/**
 * River's vocabulary: every resource, its schema, and the errors that the API speaks.
 * Pure data and pure functions. Nothing here opens a file, a socket or a clock.
 * @module
 */
export { ApiError, type ApiReason, type Cause, type CauseReason, type Status, type StatusDetails } from './meta/api-error.ts';
export type {
  CrdNames,
  CrdSpec,
  CrdStatus,
  CrdVersion,
  CustomResourceDefinition,
  PrinterColumn,
} from './meta/custom-resource-definition.ts';
export { isObject, type Json, type JsonObject } from './meta/json.ts';
export type { Condition, KubeObject, ManagedFieldsEntry, ObjectMeta, OwnerReference } from './meta/object-meta.ts';
export type { CelRule, StructuralSchema } from './schema/structural-schema.ts';
