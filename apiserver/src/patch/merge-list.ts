import { ApiError, isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { own } from '../json/plain-json.ts';
import { withoutDirectives } from './strategic-directives.ts';

const malformed = (reason: string) => new ApiError('BadRequest', reason);

/** How an item that both sides have merges. */
type MergeItem = (live: JsonObject, patch: JsonObject) => JsonObject;

/** A list whose strategy is `merge`, under a patch. What the patch names comes in the patch's order (or in `order`, when given). */
export function mergedList(
  live: Json[],
  patch: Json[],
  schema: StructuralSchema | undefined,
  order: Json | undefined,
  mergeItem: MergeItem,
): Json[] {
  if (order !== undefined && !Array.isArray(order)) throw malformed('$setElementOrder must be a list');
  const isOfObjects = [...live, ...patch].some(isObject);
  const merged = isOfObjects ? mergedObjects(live, patch, schema, mergeItem) : [...new Set([...live, ...patch])];
  if (order) checkOrder(patch, order, schema);
  const isReplaced = patch.some((item) => isObject(item) && item.$patch === 'replace');
  if (isReplaced && !order) return merged;
  return orderedLike(merged, isReplaced ? merged : live, order ?? patch, schema);
}

function mergedObjects(live: Json[], patch: Json[], schema: StructuralSchema | undefined, mergeItem: MergeItem): Json[] {
  const mergeKey = schema?.['x-kubernetes-patch-merge-key'];
  if (!mergeKey) throw malformed('cannot merge lists of objects without a merge key');
  const changes = patch.map(asObject);
  for (const item of changes) checkDirective(item);
  const key = identity(mergeKey);
  const deleted = new Set(changes.filter((item) => item.$patch === 'delete').map((item) => key(withKey(item, mergeKey))));
  const isReplaced = changes.some((item) => item.$patch === 'replace');
  const result = isReplaced ? [] : live.filter((item) => !deleted.has(key(item)));
  const places = ranks(result, key);
  for (const item of changes) {
    if (own(item, '$patch') !== undefined) continue;
    const index = places.get(key(withKey(item, mergeKey)));
    const was = index === undefined ? undefined : result[index];
    if (index !== undefined && isObject(was)) result[index] = mergeItem(was, item);
    else places.set(key(item), result.push(withoutDirectives(item) ?? {}) - 1);
  }
  return result;
}

function asObject(item: Json): JsonObject {
  if (!isObject(item)) throw malformed('a list cannot hold both objects and other values');
  return item;
}

function checkDirective(item: JsonObject): void {
  const directive = own(item, '$patch');
  if (directive === 'merge') throw malformed('$patch: merge is not supported for an item of a list');
  if (directive !== undefined && directive !== 'delete' && directive !== 'replace') {
    throw malformed(`unknown $patch directive: ${JSON.stringify(directive)}`);
  }
}

function withKey(item: JsonObject, mergeKey: string): JsonObject {
  if (own(item, mergeKey) === undefined) throw malformed(`an item of the patch does not contain the merge key ${mergeKey}`);
  return item;
}

/**
 * The items that `order` names come in that order; the others keep their live order and stand, as far as that allows, before what they
 * stood before. So a new item that nobody else has placed comes first.
 */
export function orderedLike(items: Json[], live: Json[], order: Json[], schema: StructuralSchema | undefined): Json[] {
  const key = identity(schema?.['x-kubernetes-patch-merge-key']);
  const wanted = ranks(order, key);
  const stood = ranks(live, key);
  const rank = (item: Json, of: Map<string, number>) => of.get(key(item)) ?? -1;
  const named = items.filter((item) => wanted.has(key(item))).sort((a, b) => rank(a, wanted) - rank(b, wanted));
  const others = items.filter((item) => !wanted.has(key(item))).sort((a, b) => rank(a, stood) - rank(b, stood));
  const result: Json[] = [];
  let next = 0;
  for (const item of named) {
    const place = rank(item, stood);
    for (; next < others.length && place >= 0; next++) {
      const other = others[next] as Json; // the index is below the length
      if (rank(other, stood) >= place) break;
      result.push(other);
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

const identity =
  (mergeKey: string | undefined) =>
  (item: Json): string =>
    JSON.stringify(isObject(item) && mergeKey ? (own(item, mergeKey) ?? null) : item);

function ranks(items: Json[], key: (item: Json) => string): Map<string, number> {
  const result = new Map<string, number>();
  items.forEach((item, index) => {
    if (!result.has(key(item))) result.set(key(item), index);
  });
  return result;
}

/** The patch must name its items in the order that it asks for, and only items that the order knows. */
function checkOrder(patch: Json[], order: Json[], schema: StructuralSchema | undefined): void {
  const key = identity(schema?.['x-kubernetes-patch-merge-key']);
  const wanted = ranks(order, key);
  let last = -1;
  for (const item of patch) {
    if (isObject(item) && own(item, '$patch') !== undefined) continue;
    const place = wanted.get(key(item));
    if (place === undefined || place < last) throw malformed("the order of the patch's list does not match $setElementOrder");
    last = place;
  }
}
