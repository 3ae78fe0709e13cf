import type { KubeObject } from '@river/crds';
import type { Target } from '../registry/served-kind.ts';
import type { Subresource } from '../write/update-object.ts';
import type { WriteOptions } from '../write/write-context.ts';

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  target: Target;
  subresource: Subresource | 'token';
  namespace: string;
  /** As it would be stored, at the request's version; nothing in a deletion. */
  object: KubeObject | undefined;
  oldObject: KubeObject | undefined;
  options: WriteOptions;
}

/** The last word on a write whose object is valid. @throws ApiError when it is refused. */
export interface Admission {
  admit(request: AdmissionRequest): void;
}

export const inOrder = (...admissions: readonly Admission[]): Admission => ({
  admit(request) {
    for (const admission of admissions) admission.admit(request);
  },
});
