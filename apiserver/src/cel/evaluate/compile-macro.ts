import { CelError } from '../cel-error.ts';
import { macroCost } from '../check/macro-cost.ts';
import type { MacroName } from '../syntax/ast.ts';
import { ArrayList, EntryMap, isList, isMap, type Value } from '../value/value.ts';
import type { Code, Frame } from './frame.ts';

type Steps = readonly Code[];
/** Puts the next element into its slots; false when there is none left. */
type Next = () => boolean;

const truth = (value: Value): boolean => {
  if (typeof value !== 'boolean') throw new CelError('no such overload');
  return value;
};

export const compileMacro = (macro: MacroName, range: Code, slots: readonly number[], steps: Steps): Code => {
  const run = runners[macro];
  const cost = macroCost[macro];
  return (frame) => {
    frame.budget.spend(1);
    return run(frame, iterate(frame, range(frame), slots, cost), steps, slots[0] ?? 0);
  };
};

/** A list gives its items, or index and item; a map its keys, or key and value. */
const iterate = (frame: Frame, range: Value, [first = 0, second]: readonly number[], cost: number): Next => {
  if (!isList(range) && !isMap(range)) throw new CelError('no such overload');
  const keys = isMap(range) ? new ArrayList(range.keys()) : range;
  frame.budget.work(keys.size);
  let at = 0;
  return () => {
    if (at >= keys.size) return false;
    frame.budget.spend(cost);
    const key = keys.at(at);
    frame.slots[first] = second === undefined || isMap(range) ? key : BigInt(at);
    if (second !== undefined) frame.slots[second] = isMap(range) ? (range.get(key) ?? null) : key;
    at++;
    return true;
  };
};

/** `all` and `exists` end at the element that decides, and forget errors that came before it. */
const search = (frame: Frame, next: Next, step: Code | undefined, deciding: boolean): boolean => {
  let failure: CelError | undefined;
  while (next()) {
    try {
      if (step && truth(step(frame)) === deciding) return deciding;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      frame.budget.spend(10);
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return !deciding;
};

const existsOne = (frame: Frame, next: Next, [step]: Steps): boolean => {
  let count = 0;
  while (next()) if (step && truth(step(frame))) count++;
  return count === 1;
};

const filter = (frame: Frame, next: Next, [step]: Steps, slot: number): Value => {
  const kept: Value[] = [];
  while (next()) {
    const item = frame.slots[slot] ?? null;
    if (step && truth(step(frame))) kept.push(item);
  }
  return new ArrayList(kept);
};

/** The last step, for each element that the step before it (if there is one) accepts. */
const eachResult = (frame: Frame, next: Next, steps: Steps, take: (result: Value) => void): void => {
  const condition = steps.length > 1 ? steps[0] : undefined;
  const transform = steps.at(-1);
  while (next()) {
    if (condition && !truth(condition(frame))) continue;
    if (transform) take(transform(frame));
  }
};

const transformList = (frame: Frame, next: Next, steps: Steps): Value => {
  const results: Value[] = [];
  eachResult(frame, next, steps, (result) => results.push(result));
  return new ArrayList(results);
};

const transformMap = (frame: Frame, next: Next, steps: Steps, slot: number): Value => {
  const map = new EntryMap();
  let key: Value = null;
  const remember: Next = () => {
    const isMore = next();
    key = frame.slots[slot] ?? null;
    return isMore;
  };
  eachResult(frame, remember, steps, (result) => map.add(key, result));
  return map;
};

const transformMapEntry = (frame: Frame, next: Next, steps: Steps): Value => {
  const map = new EntryMap();
  eachResult(frame, next, steps, (result) => {
    if (!isMap(result)) throw new CelError('no such overload');
    for (const key of result.keys()) map.add(key, result.get(key) ?? null);
  });
  return map;
};

const runners: Record<MacroName, (frame: Frame, next: Next, steps: Steps, slot: number) => Value> = {
  all: (frame, next, [step]) => search(frame, next, step, false),
  exists: (frame, next, [step]) => search(frame, next, step, true),
  existsOne,
  filter,
  map: transformList,
  transformList,
  transformMap,
  transformMapEntry,
};
