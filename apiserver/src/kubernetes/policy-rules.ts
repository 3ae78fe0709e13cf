import type { Cause, KubeObject } from '@river/crds';
import { checkPolicy, policyEnvironment, type ValidatingAdmissionPolicy } from '../admission/policy/index.ts';

const environment = policyEnvironment();

/** A policy whose expressions do not compile is refused when it is written, not when it first judges. */
export const checkPolicyObject = (object: KubeObject): Cause[] =>
  // The kind's schema has been applied, so the shape is that of a policy.
  checkPolicy(object as unknown as ValidatingAdmissionPolicy, environment).map(({ path, message }) => ({
    reason: 'FieldValueInvalid',
    message,
    field: path,
  }));
