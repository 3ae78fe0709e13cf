/**
 * River's vocabulary: every resource, its schema, and the errors that the API speaks.
 * Pure data and pure functions. Nothing here opens a file, a socket or a clock.
 * @module
 */

export { Approval, type ApprovalDraft } from './approval.ts';
export { crdOf, type Draft, defineResource, type Resource, type ResourceDef, type ResourceDescription } from './define-resource.ts';
export { riverKinds } from './kinds.ts';
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
export { Node, type NodeDraft } from './node.ts';
export { type FinalPhase, finalPhases, isFinalPhase, type Phase, type PhaseCondition, phaseOf, phases } from './phase.ts';
export { Placement, type PlacementDraft } from './placement.ts';
export { Queue, type QueueDraft } from './queue.ts';
export { SchemaError } from './schema/schema-error.ts';
export type { CelRule, StructuralSchema } from './schema/structural-schema.ts';
export { Task, type TaskDraft } from './task.ts';
export { TaskSet, type TaskSetDraft } from './task-set.ts';
