/** ValidatingAdmissionPolicy: which policies a write meets, what they say, and how Kubernetes words it. @module */
export type { AdmissionRequest, UserInfo } from './admission-request.ts';
export {
  compilePolicies,
  evaluatePolicies,
  type GetParams,
  type PolicyOptions,
  type PolicyOutcome,
  type PolicySet,
  policyEnvironment,
} from './compile-policies.ts';
export { checkPolicy, type PolicyProblem } from './compile-policy.ts';
export type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from './policy.ts';
