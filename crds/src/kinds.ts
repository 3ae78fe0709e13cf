/**
 * Every kind that River serves, each defined once with zod: its type, validation, defaults and CRD.
 * @module
 */
import { Approval } from './approval.ts';
import type { ResourceDef } from './define-resource.ts';
import { Node } from './node.ts';
import { Placement } from './placement.ts';
import { Queue } from './queue.ts';
import { Task } from './task.ts';
import { TaskSet } from './task-set.ts';
import { User } from './user.ts';

/** Every kind of the group river.dev. */
export const riverKinds: readonly ResourceDef[] = [Task, TaskSet, Approval, Placement, Node, Queue, User];

export { Approval, type ApprovalDraft } from './approval.ts';
export { crdOf, type Draft, defineResource, type Resource, type ResourceDef, type ResourceDescription } from './define-resource.ts';
export { builtInKinds } from './kubernetes/built-in-kinds.ts';
export { ConfigMap } from './kubernetes/config-map.ts';
export { CustomResourceDefinition } from './kubernetes/custom-resource-definition.ts';
export { Event, EventsEvent } from './kubernetes/event.ts';
export { Lease } from './kubernetes/lease.ts';
export { Namespace } from './kubernetes/namespace.ts';
export { PriorityClass } from './kubernetes/priority-class.ts';
export { Secret } from './kubernetes/secret.ts';
export { ServiceAccount } from './kubernetes/service-account.ts';
export { TokenRequest } from './kubernetes/token-reviews.ts';
export { ValidatingAdmissionPolicy } from './kubernetes/validating-admission-policy.ts';
export { ValidatingAdmissionPolicyBinding } from './kubernetes/validating-admission-policy-binding.ts';
export { Node, type NodeDraft } from './node.ts';
export { Placement, type PlacementDraft } from './placement.ts';
export { Queue, type QueueDraft } from './queue.ts';
export { SchemaError } from './schema/schema-error.ts';
export { Task, type TaskDraft } from './task.ts';
export { TaskSet, type TaskSetDraft } from './task-set.ts';
export { User, type UserDraft } from './user.ts';
