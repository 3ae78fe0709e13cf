import { CelError } from '../cel-error.ts';
import { ArrayList, Duration, isList, isMap, type ListValue, none, OptionalValue, Uint, type Value } from '../value/value.ts';
import { func, method, type Overload } from './overload.ts';

const isZero = (value: Value): boolean => {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.ns === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  return (isList(value) || isMap(value)) && value.size === 0;
};

const unwrap = (list: ListValue): Value => {
  const items: Value[] = [];
  for (let index = 0; index < list.size; index++) {
    const item = list.at(index);
    if (item instanceof OptionalValue && item.value !== undefined) items.push(item.value);
  }
  return new ArrayList(items);
};

const presentValue = (optional: OptionalValue): Value => {
  if (optional.value === undefined) throw new CelError('optional.none() dereference');
  return optional.value;
};

export const optionalFunctions: readonly Overload[] = [
  func('optional.of(A): optional<A>', (value: Value) => new OptionalValue(value)),
  func('optional.ofNonZeroValue(A): optional<A>', (value: Value) => (isZero(value) ? none : new OptionalValue(value))),
  func('optional.none(): optional<A>', () => none),
  func('optional.unwrap(list<optional<A>>): list<A>', unwrap, { price: ([size = 1]) => size + 1 }),
  method('optional<A>.hasValue(): bool', (optional: OptionalValue) => optional.value !== undefined),
  method('optional<A>.value(): A', presentValue),
  method('optional<A>.or(optional<A>): optional<A>', (first: OptionalValue, second: OptionalValue) =>
    first.value === undefined ? second : first,
  ),
  method('optional<A>.orValue(A): A', (first: OptionalValue, second: Value) => first.value ?? (first.value === null ? null : second)),
  method('list<optional<A>>.unwrapOpt(): list<A>', unwrap, { price: ([size = 1]) => size + 1 }),
];
