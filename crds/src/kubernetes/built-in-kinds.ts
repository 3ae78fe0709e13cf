import type { ResourceDef } from '../define-resource.ts';
import {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from './access-reviews.ts';
import { CertificateSigningRequest } from './certificate-signing-request.ts';
import { ConfigMap } from './config-map.ts';
import { CustomResourceDefinition } from './custom-resource-definition.ts';
import { Event, EventsEvent } from './event.ts';
import { Lease } from './lease.ts';
import { Namespace } from './namespace.ts';
import { PriorityClass } from './priority-class.ts';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from './rbac.ts';
import { Secret } from './secret.ts';
import { ServiceAccount } from './service-account.ts';
import { TokenReview } from './token-reviews.ts';
import { ValidatingAdmissionPolicy } from './validating-admission-policy.ts';
import { ValidatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts';

/** The kinds of Kubernetes itself that Kubernetes' tools expect of any API server. */
export const builtInKinds: readonly ResourceDef[] = [
  Namespace,
  Secret,
  ConfigMap,
  ServiceAccount,
  Event,
  EventsEvent,
  Lease,
  CustomResourceDefinition,
  PriorityClass,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Role,
  ClusterRole,
  RoleBinding,
  ClusterRoleBinding,
  CertificateSigningRequest,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  LocalSubjectAccessReview,
  SelfSubjectRulesReview,
  SelfSubjectReview,
  TokenReview,
];
