import { CelError } from '../cel-error.ts';
import { compare } from '../value/compare.ts';
import { checkedInt, isList, kindOf, Uint, type Value } from '../value/value.ts';
import { type CallContext, func, type Overload, perItem } from './overload.ts';

const most = (sign: 1 | -1, values: readonly Value[], { budget }: CallContext): Value => {
  const numbers = values.length === 1 && values[0] !== undefined && isList(values[0]) ? listItems(values[0]) : values;
  budget.spend(numbers.length);
  const [first, ...rest] = numbers;
  if (first === undefined) throw new CelError('argument must not be an empty list');
  for (const value of numbers) if (!['int', 'uint', 'double'].includes(kindOf(value))) throw new CelError('no such overload');
  return rest.reduce((best, value) => (compare(value, best, budget) * sign > 0 ? value : best), first);
};

const listItems = (list: { size: number; at(index: number): Value }): Value[] =>
  Array.from({ length: list.size }, (_, index) => list.at(index));

/** `math.greatest` takes one list, or up to eight numbers of any types. */
const extremes = (['greatest', 'least'] as const).flatMap((name) => {
  const sign = name === 'greatest' ? 1 : -1;
  const variadic = Array.from(
    { length: 8 },
    (_, index) =>
      `math.${name}(${Array(index + 1)
        .fill('dyn')
        .join(', ')}): dyn`,
  );
  const call = (...args: never[]): Value => {
    const all = args as (Value | CallContext)[]; // the values, and the context after them
    return most(sign, all.slice(0, -1) as Value[], all.at(-1) as CallContext);
  };
  return [func(`math.${name}(list<A>): A`, call, { price: perItem }), ...variadic.map((signature) => func(signature, call))];
});

const round = (value: number): number => (Number.isFinite(value) ? Math.sign(value) * Math.round(Math.abs(value)) : value);

export const mathFunctions: readonly Overload[] = [
  ...extremes,
  func('math.ceil(double): double', (value: number) => Math.ceil(value)),
  func('math.floor(double): double', (value: number) => Math.floor(value)),
  func('math.round(double): double', round),
  func('math.trunc(double): double', (value: number) => Math.trunc(value)),
  func('math.isNaN(double): bool', (value: number) => Number.isNaN(value)),
  func('math.isInf(double): bool', (value: number) => Math.abs(value) === Infinity),
  func('math.isFinite(double): bool', (value: number) => Number.isFinite(value)),
  func('math.abs(double): double', (value: number) => Math.abs(value)),
  func('math.abs(int): int', (value: bigint) => checkedInt(value < 0n ? -value : value)),
  func('math.abs(uint): uint', (value: Uint) => value),
  func('math.sign(double): double', (value: number) => Math.sign(value)),
  func('math.sign(int): int', (value: bigint) => (value > 0n ? 1n : value < 0n ? -1n : 0n)),
  func('math.sign(uint): uint', (value: Uint) => new Uint(value.value > 0n ? 1n : 0n)),
  func('math.sqrt(double): double', (value: number) => Math.sqrt(value)),
  func('math.sqrt(int): double', (value: bigint) => Math.sqrt(Number(value))),
];
