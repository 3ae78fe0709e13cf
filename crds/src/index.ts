/**
 * River's vocabulary: every resource, its schema, and the errors that the API speaks.
 * Pure data and pure functions. Nothing here opens a file, a socket or a clock.
 * @module
 */

export { Approval, type ApprovalDraft } from './approval.ts';
export { crdOf, type Draft, defineResource, type Resource, type ResourceDef, type ResourceDescription } from './define-resource.ts';
export { DurationError, durationMs, formatDuration, parseDuration } from './duration/duration.ts';
export { riverKinds } from './kinds.ts';
export { ConfigMap } from './kubernetes/config-map.ts';
export { CustomResourceDefinition } from './kubernetes/custom-resource-definition.ts';
export { Event, EventsEvent } from './kubernetes/event.ts';
export { builtInKinds } from './kubernetes/kinds.ts';
export { Lease } from './kubernetes/lease.ts';
export { Namespace } from './kubernetes/namespace.ts';
export { PriorityClass } from './kubernetes/priority-class.ts';
export { Secret } from './kubernetes/secret.ts';
export { ServiceAccount } from './kubernetes/service-account.ts';
export { ValidatingAdmissionPolicy } from './kubernetes/validating-admission-policy.ts';
export { ValidatingAdmissionPolicyBinding } from './kubernetes/validating-admission-policy-binding.ts';
export { ApiError, type ApiReason, type Cause, type CauseReason, type Status, type StatusDetails } from './meta/api-error.ts';
export type {
  CrdNames,
  CrdSpec,
  CrdStatus,
  CrdVersion,
  PrinterColumn,
} from './meta/custom-resource-definition.ts';
export { isObject, type Json, type JsonObject } from './meta/json.ts';
export type { Condition, KubeObject, ManagedFieldsEntry, ObjectMeta, OwnerReference } from './meta/object-meta.ts';
export { type Validate, validateLabelKey, validateLabelName, validateLabelValue, validateSubdomain } from './names/validate-name.ts';
export { Node, type NodeDraft } from './node.ts';
export { type FinalPhase, finalPhases, isFinalPhase, type Phase, type PhaseCondition, phaseOf, phases } from './phase.ts';
export { Placement, type PlacementDraft } from './placement.ts';
export {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  type QuantityFormat,
  quantityMillis,
  quantityUnits,
  subtractQuantities,
} from './quantity/quantity.ts';
export { Queue, type QueueDraft } from './queue.ts';
export { SchemaError } from './schema/schema-error.ts';
export type { CelRule, StructuralSchema } from './schema/structural-schema.ts';
export { type FieldTerm, matchesFields, parseFieldSelector } from './selector/field-selector.ts';
export { type LabelMatcher, type Labels, labelMatcher } from './selector/label-matcher.ts';
export { formatLabelSelector, parseLabelSelector } from './selector/label-selector.ts';
export { type Operator, type Requirement, SelectorError } from './selector/requirement.ts';
export { type LabelSelectorObject, requirementsOf, selectorMatcher } from './selector/selector-object.ts';
export { Task, type TaskDraft } from './task.ts';
export { TaskSet, type TaskSetDraft } from './task-set.ts';
