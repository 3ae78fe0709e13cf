import { ApiError, isObject, type JsonObject } from '@river/crds';
import type { DeleteOptions } from './delete-object.ts';

/** Reads DeleteOptions from a body, or from query parameters where the body says nothing. */
export function parseDeleteOptions(query: URLSearchParams, body: JsonObject): { deleteOptions: DeleteOptions; dryRun: string[] } {
  const policy = policyOf(body.propagationPolicy ?? query.get('propagationPolicy'), body.orphanDependents ?? query.get('orphanDependents'));
  const preconditions = preconditionsOf(body.preconditions);
  const dryRun = body.dryRun ?? [];
  if (!Array.isArray(dryRun) || !dryRun.every((value) => typeof value === 'string')) throw refuse('dryRun must be a list of strings');
  return { deleteOptions: { ...(policy && { propagationPolicy: policy }), ...(preconditions && { preconditions }) }, dryRun };
}

const refuse = (why: string): ApiError => new ApiError('BadRequest', `DeleteOptions is invalid: ${why}`);

function policyOf(policy: unknown, orphanDependents: unknown): DeleteOptions['propagationPolicy'] {
  if (policy === undefined || policy === null || policy === '') {
    if (orphanDependents === true || orphanDependents === 'true') return 'Orphan';
    return orphanDependents === false || orphanDependents === 'false' ? 'Background' : undefined;
  }
  if (orphanDependents !== undefined && orphanDependents !== null)
    throw refuse('orphanDependents and propagationPolicy may not both be set');
  if (policy === 'Orphan' || policy === 'Background' || policy === 'Foreground') return policy;
  throw refuse(`propagationPolicy is ${JSON.stringify(policy)}, but must be Foreground, Background or Orphan`);
}

function preconditionsOf(given: unknown): DeleteOptions['preconditions'] {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given)) throw refuse('preconditions must be an object');
  const { uid, resourceVersion } = given;
  return {
    ...(typeof uid === 'string' && uid !== '' && { uid }),
    ...(typeof resourceVersion === 'string' && resourceVersion !== '' && { resourceVersion }),
  };
}
