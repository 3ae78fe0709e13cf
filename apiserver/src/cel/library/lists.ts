import { CelError } from '../cel-error.ts';
import { add } from '../evaluate/arithmetic.ts';
import type { Budget } from '../evaluate/budget.ts';
import { compare, containsAll, isEqual, listContains } from '../value/compare.ts';
import { ArrayList, isList, type ListValue, type Value } from '../value/value.ts';
import { type CallContext, func, method, type Overload, type Price, perItem } from './overload.ts';

const items = (list: ListValue, budget: Budget): Value[] => {
  budget.spend(list.size);
  return Array.from({ length: list.size }, (_, index) => list.at(index));
};

const isSorted = (list: ListValue, { budget }: CallContext): boolean =>
  items(list, budget).every((item, index, all) => index === 0 || compare(all[index - 1] ?? null, item, budget) <= 0);

const sum = (list: ListValue, { budget }: CallContext): Value => {
  const [first = 0n, ...rest] = items(list, budget);
  return rest.reduce<Value>((total, item) => add(total, item, budget), first);
};

const best = (name: 'min' | 'max', list: ListValue, { budget }: CallContext): Value => {
  const [first, ...rest] = items(list, budget);
  if (first === undefined) throw new CelError(`${name} called on empty list`);
  return rest.reduce((chosen, item) => (compare(item, chosen, budget) * (name === 'min' ? -1 : 1) > 0 ? item : chosen), first);
};

const indexOf = (list: ListValue, wanted: Value, { budget }: CallContext): bigint =>
  BigInt(items(list, budget).findIndex((item) => isEqual(item, wanted, budget)));
const lastIndexOf = (list: ListValue, wanted: Value, { budget }: CallContext): bigint =>
  BigInt(items(list, budget).findLastIndex((item) => isEqual(item, wanted, budget)));

const flatten = (list: ListValue, depth: bigint, context: CallContext): ListValue => {
  if (depth < 0n) throw new CelError('level must be non-negative');
  const out: Value[] = [];
  const walk = (inner: ListValue, left: number): void => {
    for (const item of items(inner, context.budget)) {
      if (left > 0 && isList(item)) walk(item, left - 1);
      else out.push(item);
    }
  };
  walk(list, Math.min(Number(depth), 250));
  return new ArrayList(out);
};

const slice = (list: ListValue, from: bigint, to: bigint, { budget }: CallContext): ListValue => {
  if (from < 0n || to > BigInt(list.size) || from > to) throw new CelError(`cannot slice(${from}, ${to}), list is length ${list.size}`);
  return new ArrayList(items(list, budget).slice(Number(from), Number(to)));
};

const distinct = (list: ListValue, { budget }: CallContext): ListValue => {
  const out: Value[] = [];
  for (const item of items(list, budget)) if (!listContains(new ArrayList(out), item, budget)) out.push(item);
  return new ArrayList(out);
};

const sort = (list: ListValue, { budget }: CallContext): ListValue =>
  new ArrayList(
    items(list, budget).sort((a, b) => {
      budget.spend(1);
      return compare(a, b, budget);
    }),
  );

const intersects = (a: ListValue, b: ListValue, { budget }: CallContext): boolean =>
  items(a, budget).some((item) => listContains(b, item, budget));

const quadratic: Price = ([a = 1, b = 1]) => a * b + 1;
const cost = { price: perItem, resultMax: ([size = 1]: readonly number[]) => size };

export const listFunctions: readonly Overload[] = [
  method('list<A>.isSorted(): bool', isSorted, cost),
  method('list<A>.sum(): A', sum, cost),
  method('list<A>.min(): A', (list: ListValue, context: CallContext) => best('min', list, context), cost),
  method('list<A>.max(): A', (list: ListValue, context: CallContext) => best('max', list, context), cost),
  method('list<A>.indexOf(A): int', indexOf, cost),
  method('list<A>.lastIndexOf(A): int', lastIndexOf, cost),
  method('list<A>.flatten(): list<dyn>', (list: ListValue, context: CallContext) => flatten(list, 1n, context), cost),
  method('list<A>.flatten(int): list<dyn>', flatten, cost),
  method('list<A>.slice(int, int): list<A>', slice, cost),
  method('list<A>.distinct(): list<A>', distinct, { ...cost, price: ([size = 1]) => size * size + 1 }),
  method('list<A>.sort(): list<A>', sort, cost),
  method('list<A>.reverse(): list<A>', (list: ListValue, { budget }: CallContext) => new ArrayList(items(list, budget).reverse()), cost),
  func('sets.contains(list<A>, list<A>): bool', (a: ListValue, b: ListValue, { budget }: CallContext) => containsAll(a, b, budget), {
    price: quadratic,
  }),
  func(
    'sets.equivalent(list<A>, list<A>): bool',
    (a: ListValue, b: ListValue, { budget }: CallContext) => containsAll(a, b, budget) && containsAll(b, a, budget),
    { price: (sizes) => 2 * quadratic(sizes) },
  ),
  func('sets.intersects(list<A>, list<A>): bool', intersects, { price: quadratic }),
];
