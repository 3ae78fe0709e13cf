import { ApiError } from '@river/crds';
import type { Attributes, ResourceAttributes, Subject } from './attributes.ts';
import type { Rights } from './rights.ts';

/** @throws ApiError Forbidden, in Kubernetes' words. */
export function authorize(rights: Rights, subject: Subject, wanted: Attributes): void {
  if (!rights.allows(subject, wanted)) throw forbidden(subject, wanted);
}

export function forbidden({ username }: Subject, wanted: Attributes): ApiError {
  if ('path' in wanted) return new ApiError('Forbidden', `forbidden: User "${username}" cannot ${wanted.verb} path "${wanted.path}"`);
  const { verb, group, resource, name } = wanted;
  const full = group === '' ? resource : `${resource}.${group}`;
  const what = `User "${username}" cannot ${verb} resource "${whole(wanted)}" in API group "${group}" ${placeOf(wanted)}`;
  return new ApiError('Forbidden', `${full}${name && ` "${name}"`} is forbidden: ${what}`, {
    details: { ...(name && { name }), ...(group && { group }), kind: resource },
  });
}

const whole = ({ resource, subresource }: ResourceAttributes): string => (subresource === '' ? resource : `${resource}/${subresource}`);
const placeOf = ({ namespace }: ResourceAttributes): string =>
  namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
