import { ApiError, isObject, type Json, type JsonObject } from '@river/crds';
import { own } from '../json/plain-json.ts';

/** RFC 6901: a pointer as its tokens, unescaped; the whole document is no tokens. @throws ApiError `BadRequest` */
export function parsePointer(pointer: Json | undefined, what: string): string[] {
  if (typeof pointer !== 'string') throw new ApiError('BadRequest', `${what} must be a string`);
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new ApiError('BadRequest', `${what} must be empty or start with "/": ${JSON.stringify(pointer)}`);
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Undefined where nothing is. */
export function valueAt(root: Json, path: readonly string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const token of path) {
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined;
    else if (isObject(value)) value = own(value, token);
    else return undefined;
  }
  return value;
}

export interface Place {
  parent: JsonObject | Json[];
  key: string;
}

/** Where the last token of a non-empty path points, whether or not something is there; undefined when its parent holds nothing. */
export function placeAt(root: Json, path: readonly string[]): Place | undefined {
  const parent = valueAt(root, path.slice(0, -1));
  const key = path.at(-1);
  if (key === undefined || typeof parent !== 'object' || parent === null) return undefined;
  return { parent, key };
}
