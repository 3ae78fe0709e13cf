import { CelError } from '../cel-error.ts';
import { Quantity, quantityOf, readQuantity } from '../value/quantity.ts';
import { func, method, type Overload, traverse } from './overload.ts';

const parse = (text: string): Quantity => {
  const quantity = readQuantity(text);
  if (!quantity) throw new CelError(`quantities must match a number with an optional suffix: ${JSON.stringify(text.slice(0, 64))}`);
  return quantity;
};

const asInteger = (quantity: Quantity): bigint => {
  const whole = quantity.toInt();
  if (whole === undefined) throw new CelError('cannot convert value to integer');
  return whole;
};

const order = (a: Quantity, b: Quantity): bigint => (a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n);

export const quantityFunctions: readonly Overload[] = [
  func('quantity(string): quantity', parse, { price: traverse }),
  func('isQuantity(string): bool', (text: string) => readQuantity(text) !== undefined, { price: traverse }),
  method('quantity.sign(): int', (quantity: Quantity) => order(quantity, quantityOf(0n))),
  method('quantity.isInteger(): bool', (quantity: Quantity) => quantity.toInt() !== undefined),
  method('quantity.asInteger(): int', asInteger),
  method('quantity.asApproximateFloat(): double', (quantity: Quantity) => quantity.toDouble()),
  method('quantity.add(quantity): quantity', (a: Quantity, b: Quantity) => new Quantity(a.nanos + b.nanos)),
  method('quantity.add(int): quantity', (a: Quantity, b: bigint) => new Quantity(a.nanos + quantityOf(b).nanos)),
  method('quantity.sub(quantity): quantity', (a: Quantity, b: Quantity) => new Quantity(a.nanos - b.nanos)),
  method('quantity.sub(int): quantity', (a: Quantity, b: bigint) => new Quantity(a.nanos - quantityOf(b).nanos)),
  method('quantity.isLessThan(quantity): bool', (a: Quantity, b: Quantity) => a.nanos < b.nanos),
  method('quantity.isGreaterThan(quantity): bool', (a: Quantity, b: Quantity) => a.nanos > b.nanos),
  method('quantity.compareTo(quantity): int', order),
];
