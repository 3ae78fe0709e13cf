import { CelError } from '../cel-error.ts';
import { checkedInt, Duration, isList, type ListValue, Timestamp, Uint, type Value } from '../value/value.ts';
import type { Budget } from './budget.ts';

const noOverload = (): never => {
  throw new CelError('no such overload');
};

/** Two lists seen as one: nothing is copied, however long they are. */
class JoinedList implements ListValue {
  readonly kind = 'list';
  readonly equality = { type: 'atomic' } as const;
  readonly size: number;
  readonly #first: ListValue;
  readonly #second: ListValue;
  constructor(first: ListValue, second: ListValue) {
    this.#first = first;
    this.#second = second;
    this.size = first.size + second.size;
  }
  at(index: number): Value {
    return index < this.#first.size ? this.#first.at(index) : this.#second.at(index - this.#first.size);
  }
}

export const add = (a: Value, b: Value, budget: Budget): Value => {
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkedInt(a + b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'string' && typeof b === 'string') {
    budget.spend((a.length + b.length) * 0.1);
    return a + b;
  }
  if (a instanceof Uint && b instanceof Uint) return new Uint(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.ns + b.ns);
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.ns + b.ns);
  if (a instanceof Duration && b instanceof Timestamp) return new Timestamp(a.ns + b.ns);
  if (isList(a) && isList(b)) return new JoinedList(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    budget.spend((a.length + b.length) * 0.1);
    return new Uint8Array(Buffer.concat([a, b]));
  }
  return noOverload();
};

export const subtract = (a: Value, b: Value): Value => {
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkedInt(a - b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a instanceof Uint && b instanceof Uint) return new Uint(a.value - b.value);
  if (a instanceof Timestamp && b instanceof Timestamp) return new Duration(a.ns - b.ns);
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.ns - b.ns);
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.ns - b.ns);
  return noOverload();
};

export const multiply = (a: Value, b: Value): Value => {
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkedInt(a * b);
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a instanceof Uint && b instanceof Uint) return new Uint(a.value * b.value);
  return noOverload();
};

export const divide = (a: Value, b: Value): Value => {
  if (typeof a === 'number' && typeof b === 'number') return a / b;
  return wholeNumbers(a, b, 'division by zero', (left, right) => left / right);
};

export const modulo = (a: Value, b: Value): Value => wholeNumbers(a, b, 'modulus by zero', (left, right) => left % right);

const wholeNumbers = (a: Value, b: Value, zero: string, apply: (a: bigint, b: bigint) => bigint): Value => {
  const unsigned = a instanceof Uint && b instanceof Uint;
  if (!unsigned && (typeof a !== 'bigint' || typeof b !== 'bigint')) return noOverload();
  const left = a instanceof Uint ? a.value : BigInt(a as bigint); // both are whole numbers of one type here
  const right = b instanceof Uint ? b.value : BigInt(b as bigint);
  if (right === 0n) throw new CelError(zero);
  const result = apply(left, right);
  return unsigned ? new Uint(result) : checkedInt(result);
};

export const negate = (value: Value): Value => {
  if (typeof value === 'bigint') return checkedInt(-value);
  return typeof value === 'number' ? -value : noOverload();
};
