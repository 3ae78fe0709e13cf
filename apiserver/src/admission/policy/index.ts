/** ValidatingAdmissionPolicy: which policies a write meets, what they say, and how Kubernetes words it. @module */
export type { AdmissionRequest } from './admission-request.ts';
export {
  compilePolicies,
  type GetParams,
  type PolicySet,
  policyEnvironment,
} from './compile-policies.ts';
export { checkPolicy } from './compile-policy.ts';
export type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from './policy.ts';
