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
  /** Of a creation: what is to be written in the same step, or not at all, may be added. */
  beside?: Beside[];
}

/** A change of another object, as it was seen. */
export interface Beside {
  key: string;
  /** 0: it is not there. */
  revision: bigint;
  /** Left out: it stays, and must. */
  value?: Uint8Array;
}

/** The last word on a write whose object is valid; it may fill in what only the server knows. @throws ApiError when it is refused. */
export interface Admission {
  admit(request: AdmissionRequest): void;
}

export const inOrder = (...admissions: readonly Admission[]): Admission => ({
  admit(request) {
    for (const admission of admissions) admission.admit(request);
  },
});
