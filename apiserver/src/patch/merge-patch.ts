import { ApiError, isObject, type Json, type JsonObject } from '@river/crds';
import { own, put } from '../json/plain-json.ts';

/** RFC 7386: null removes, objects merge, anything else replaces. Neither argument is changed. @throws ApiError `BadRequest` */
export function mergePatch(target: JsonObject, patch: Json): JsonObject {
  if (!isObject(patch)) throw new ApiError('BadRequest', 'a merge patch must be an object');
  return merged(target, patch);
}

function merged(target: Json | undefined, patch: JsonObject): JsonObject {
  const result: JsonObject = {};
  if (isObject(target)) {
    for (const [key, value] of Object.entries(target)) if (own(patch, key) !== null) put(result, key, value);
  }
  for (const [key, change] of Object.entries(patch)) {
    if (change !== null) put(result, key, isObject(change) ? merged(own(result, key), change) : change);
  }
  return result;
}
