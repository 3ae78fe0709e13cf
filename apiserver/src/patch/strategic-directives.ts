import { isObject, type Json, type JsonObject } from '@river/crds';
import { own, put } from '../json/plain-json.ts';

export const deleteFrom = '$deleteFromPrimitiveList/';
export const setOrder = '$setElementOrder/';

export const isDirective = (key: string): boolean =>
  key === '$patch' || key === '$retainKeys' || key.startsWith(deleteFrom) || key.startsWith(setOrder);

/** What a patch adds where nothing was to merge with: directives and nulls mean nothing there. Undefined for what asks to be deleted. */
export function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (own(value, '$patch') === 'delete') return undefined;
  const result: JsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    if (isDirective(key) || child === null) continue;
    const kept = withoutDirectives(child);
    if (kept !== undefined) put(result, key, kept);
  }
  return result;
}
