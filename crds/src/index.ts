/**
 * What every program says and reads: objects, errors, schemas, selectors, quantities, durations, names.
 * Pure data and pure functions, cheap to import. The kinds themselves are behind `@river/crds/kinds`.
 * @module
 */

export { DurationError, durationMs, formatDuration, parseDuration } from './duration/duration.ts';
export { humanAge, humanDuration } from './duration/human-duration.ts';
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
export { dns1035Label, dnsLabel, dnsSubdomain, labelValue, type NameRule, pathSegment, qualifiedName } from './names/name-rules.ts';
export { type FinalPhase, finalPhases, isFinalPhase, type Phase, type PhaseCondition, phaseOf, phases } from './phase.ts';
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
export type { CelRule, StructuralSchema } from './schema/structural-schema.ts';
export { type FieldTerm, matchesFields, parseFieldSelector } from './selector/field-selector.ts';
export { type LabelMatcher, type Labels, labelMatcher } from './selector/label-matcher.ts';
export { formatLabelSelector, parseLabelSelector } from './selector/label-selector.ts';
export { type Operator, type Requirement, SelectorError } from './selector/requirement.ts';
export { type LabelSelectorObject, requirementsOf, selectorMatcher } from './selector/selector-object.ts';
