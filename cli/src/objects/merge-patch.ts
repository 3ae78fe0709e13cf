import { isObject, type Json, type JsonObject } from '@river/crds';

const isSame = (a: Json | undefined, b: Json | undefined): boolean => {
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => isSame(a[key], b[key]));
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => isSame(item, b[at]));
  return a === b;
};

/** The JSON merge patch (RFC 7386) that turns one object into the other; undefined when they are the same. */
export const mergePatch = (before: JsonObject, after: JsonObject): JsonObject | undefined => {
  const patch: JsonObject = {};
  for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null;
  for (const [key, value] of Object.entries(after)) {
    const old = before[key];
    if (isObject(old) && isObject(value)) {
      const inner = mergePatch(old, value);
      if (inner) patch[key] = inner;
    } else if (!(key in before) || !isSame(old, value)) patch[key] = value;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
};
