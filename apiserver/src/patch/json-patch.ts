import { ApiError, isObject, type Json, type JsonObject } from '@river/crds';
import { cloneJson, equalJson, nestsDeeper, put } from '../json/plain-json.ts';
import { type Place, parsePointer, placeAt, valueAt } from './json-pointer.ts';

export const maxOperations = 10_000;
/** `copy` can double a document with each operation; all copies of one patch together may add this much. */
const maxCopiedBytes = 3 * 1024 * 1024;
/** Inserting into and removing from a long list moves what follows: all operations of one patch together may move this many items. */
const maxMovedItems = 50_000_000;
/** How deep the result may nest. */
export const maxDepth = 1_000;

type Operation =
  | { op: 'add' | 'replace' | 'test'; path: string[]; value: Json }
  | { op: 'remove'; path: string[] }
  | { op: 'move' | 'copy'; path: string[]; from: string[] };

/**
 * RFC 6902. The document is left as it was; the result shares nothing with it.
 * @throws ApiError `BadRequest` for a patch that is malformed, `RequestEntityTooLarge` for too many operations,
 * `Invalid` for one that does not fit this document (a failed `test` included).
 */
export function jsonPatch(document: JsonObject, operations: Json): JsonObject {
  if (!Array.isArray(operations)) throw new ApiError('BadRequest', 'a JSON patch must be a list of operations');
  if (operations.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`;
    throw new ApiError('RequestEntityTooLarge', message);
  }
  const parsed = operations.map(parseOperation);
  const state: State = { root: cloneJson(document), copiedBytes: 0, movedItems: 0 };
  performAll(state, parsed);
  if (!isObject(state.root)) throw misfit('the patch leaves no object');
  if (nestsDeeper(state.root, maxDepth)) throw tooDeep();
  return state.root;
}

/** Moves can nest a document deeper than any document that the server would read: then what recurses over it ends the stack. */
function performAll(state: State, operations: Operation[]): void {
  try {
    for (const operation of operations) perform(state, operation);
  } catch (error) {
    throw error instanceof RangeError ? tooDeep() : error;
  }
}

interface State {
  root: Json;
  copiedBytes: number;
  movedItems: number;
}

function parseOperation(operation: Json, index: number): Operation {
  const where = `operation ${index} of the JSON patch`;
  if (!isObject(operation)) throw new ApiError('BadRequest', `${where} must be an object`);
  const { op } = operation;
  const path = parsePointer(operation.path, `${where}: path`);
  if (op === 'remove') return { op, path };
  if (op === 'move' || op === 'copy') return { op, path, from: parsePointer(operation.from, `${where}: from`) };
  if (op !== 'add' && op !== 'replace' && op !== 'test')
    throw new ApiError('BadRequest', `${where}: unexpected kind: ${JSON.stringify(op)}`);
  const value = operation.value;
  if (value === undefined && op !== 'test') throw new ApiError('BadRequest', `${where}: missing value`);
  return { op, path, value: value ?? null };
}

function perform(state: State, operation: Operation): void {
  switch (operation.op) {
    case 'test':
      test(state, operation.path, operation.value);
      break;
    case 'remove':
      remove(state, operation.path);
      break;
    case 'add':
      add(state, operation.path, cloneJson(operation.value));
      break;
    case 'replace':
      replace(state, operation.path, cloneJson(operation.value));
      break;
    case 'copy':
      add(state, operation.path, copied(state, operation.from));
      break;
    case 'move':
      move(state, operation.from, operation.path);
  }
}

function test({ root }: State, path: string[], expected: Json): void {
  const found = valueAt(root, path);
  // As Kubernetes does: testing for null also passes where nothing is.
  if (!equalJson(found ?? null, expected)) throw misfit(`testing value ${pointerOf(path)} failed`);
}

function add(state: State, path: string[], value: Json): void {
  if (path.length === 0) {
    state.root = value;
    return;
  }
  const { parent, key } = placeOrFail(state, path, 'add');
  if (!Array.isArray(parent)) put(parent, key, value);
  else if (key === '-') parent.push(value);
  else splice(state, parent, indexOf(key, parent.length, path), 0, value);
}

function replace(state: State, path: string[], value: Json): void {
  if (path.length === 0) {
    state.root = value;
    return;
  }
  const { parent, key } = existing(state, path, 'replace');
  if (Array.isArray(parent)) parent[Number(key)] = value;
  else put(parent, key, value);
}

function remove(state: State, path: string[]): Json {
  if (path.length === 0) throw misfit('remove operation does not apply to the whole document');
  const { parent, key, value } = existing(state, path, 'remove');
  if (Array.isArray(parent)) splice(state, parent, Number(key), 1);
  else delete parent[key];
  return value;
}

function splice(state: State, items: Json[], index: number, removed: number, ...added: Json[]): void {
  state.movedItems += items.length - index;
  if (state.movedItems > maxMovedItems) throw misfit('the operations move too many items of long lists');
  items.splice(index, removed, ...added);
}

function move(state: State, from: string[], path: string[]): void {
  if (path.length > from.length && from.every((token, depth) => token === path[depth])) {
    throw misfit(`move operation cannot put ${pointerOf(from)} inside itself`);
  }
  if (from.length === path.length && from.every((token, depth) => token === path[depth])) {
    if (valueAt(state.root, from) === undefined) throw missing('move', from);
    return;
  }
  add(state, path, remove(state, from));
}

function copied(state: State, from: string[]): Json {
  const value = valueAt(state.root, from);
  if (value === undefined) throw missing('copy', from);
  state.copiedBytes += JSON.stringify(value).length;
  if (state.copiedBytes > maxCopiedBytes) {
    throw misfit(`the copy operations add ${state.copiedBytes} bytes, more than the limit of ${maxCopiedBytes}`);
  }
  return cloneJson(value);
}

function existing(state: State, path: string[], op: string): Place & { value: Json } {
  const place = placeOrFail(state, path, op);
  const value = valueAt(place.parent, [place.key]);
  if (value === undefined) throw missing(op, path);
  return { ...place, value };
}

function placeOrFail(state: State, path: string[], op: string): Place {
  const place = placeAt(state.root, path);
  if (!place) throw missing(op, path);
  return place;
}

function indexOf(key: string, length: number, path: string[]): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (!(index <= length)) throw misfit(`add operation: ${pointerOf(path)} is not a place in a list of ${length}`);
  return index;
}

const pointerOf = (path: string[]): string => path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
const missing = (op: string, path: string[]) => misfit(`${op} operation does not apply: doc is missing path: ${pointerOf(path)}`);
const tooDeep = () => misfit(`the result nests deeper than ${maxDepth}`);
const misfit = (reason: string) =>
  new ApiError('Invalid', `the server rejected our request due to an error in our request: ${reason}`, {
    details: { causes: [{ reason: 'UnexpectedServerResponse', message: reason, field: '' }] },
  });
