import { isObject, type Json, type JsonObject } from '@river/crds';
import { type Filter, parseJsonPath, type Step } from './parse-json-path.ts';

/** Every value that the path leads to, in document order. Never throws; what is missing is left out. */
export type JsonPath = (value: Json) => Json[];

const nothing: JsonPath = () => [];

/**
 * Compiles the JSONPath that CRDs and kubectl use: `.a.b`, `['a.b']`, `[0]`, `[-1]`, `[1:3]`, `[*]` and `[?(@.type=="Ready")]`.
 * One evaluation costs no more than the size of what it walks. A path that {@link isJsonPath} refuses leads nowhere.
 */
export function compileJsonPath(path: string): JsonPath {
  const steps = parseJsonPath(path);
  return steps ? evaluator(steps) : nothing;
}

/** Whether the path can be compiled. */
export const isJsonPath = (path: string): boolean => parseJsonPath(path) !== undefined;

const simpleKeys = (path: string): string[] | undefined => {
  const steps = parseJsonPath(path);
  if (!steps || steps.length === 0) return undefined;
  const keys = steps.flatMap((step) => (step.is === 'key' ? step.key : []));
  return keys.length === steps.length ? keys : undefined;
};

/** Whether the path is a plain field path such as `.spec.replicas`: what scale and field selectors allow. */
export const isSimplePath = (path: string): boolean => simpleKeys(path) !== undefined;

/**
 * A copy of the object with the value at a plain path; objects missing on the way are made, what is in the way is replaced.
 * @throws TypeError for a path that {@link isSimplePath} refuses.
 */
export function setAtSimplePath(object: JsonObject, path: string, value: Json): JsonObject {
  const keys = simpleKeys(path);
  if (!keys) throw new TypeError(`${path} is not a plain field path`);
  return setAt(object, keys, value);
}

function setAt(object: JsonObject, [key, ...rest]: string[], value: Json): JsonObject {
  if (key === undefined) return object;
  const child = own(object, key);
  return { ...object, [key]: rest.length === 0 ? value : setAt(isObject(child) ? child : {}, rest, value) };
}

const own = (value: Json | undefined, key: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

function evaluator(steps: readonly Step[]): JsonPath {
  const keys = steps.flatMap((step) => (step.is === 'key' ? step.key : []));
  if (keys.length === steps.length) return followKeys(keys);
  const moves = steps.map(moveOf);
  return (value) => {
    let found: Json[] = [value];
    for (const move of moves) {
      const next: Json[] = [];
      for (const each of found) move(each, next);
      found = next;
    }
    return found;
  };
}

/** Most paths are this, so it does without lists on the way. */
function followKeys(keys: readonly string[]): JsonPath {
  return (value) => {
    let at: Json | undefined = value;
    for (const key of keys) {
      at = own(at, key);
      if (at === undefined) return [];
    }
    return [at];
  };
}

type Move = (value: Json, into: Json[]) => void;

function moveOf(step: Step): Move {
  switch (step.is) {
    case 'key':
      return (value, into) => push(into, own(value, step.key));
    case 'index':
      return (value, into) => push(into, Array.isArray(value) ? value.at(step.index) : undefined);
    case 'slice':
      return (value, into) => Array.isArray(value) && pushAll(into, value.slice(step.from, step.to));
    case 'all':
      return (value, into) => pushAll(into, children(value));
    case 'filter': {
      const passes = predicate(step.filter);
      return (value, into) => Array.isArray(value) && pushAll(into, value.filter(passes));
    }
  }
}

const children = (value: Json): Json[] => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []);

function push(into: Json[], value: Json | undefined): void {
  if (value !== undefined) into.push(value);
}

function pushAll(into: Json[], values: readonly Json[]): void {
  for (const value of values) into.push(value);
}

function predicate({ left, operator, right }: Filter): (value: Json) => boolean {
  const path = evaluator(left);
  if (operator === undefined) return (value) => path(value).length > 0;
  const operand = typeof right === 'object' && right !== null ? evaluator(right.path) : () => [right ?? null];
  return (value) => {
    const [a, b] = [path(value)[0], operand(value)[0]];
    return a !== undefined && b !== undefined && compare[operator](a, b);
  };
}

const ordered = (a: Json, b: Json): number | undefined => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return undefined;
};

/** Values of different types are neither equal nor in any order. */
const compare: Record<NonNullable<Filter['operator']>, (a: Json, b: Json) => boolean> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => (ordered(a, b) ?? 1) < 0,
  '<=': (a, b) => (ordered(a, b) ?? 1) <= 0,
  '>': (a, b) => (ordered(a, b) ?? -1) > 0,
  '>=': (a, b) => (ordered(a, b) ?? -1) >= 0,
};
