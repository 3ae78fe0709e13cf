/** How a quantity is written: powers of 1024 (`Ki`), powers of 1000 (`k`), or an exponent (`e3`). */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** An exact amount: `nano` is a billionth. Kubernetes keeps nothing finer and rounds it up, away from zero. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const nanoPerUnit = 1_000_000_000n;
/** The largest amount that Kubernetes keeps: 2^63 - 1 units. Larger ones are capped. */
const maxNano = (2n ** 63n - 1n) * nanoPerUnit;

const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const shape = /^([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;
/** Beyond this every amount is capped or rounds to the smallest step; larger exponents need not be computed. */
const maxExponent = 64;
/** No amount needs more; parsing digits costs more than linear time. */
const maxLength = 256;

interface Scale {
  format: QuantityFormat;
  /** The suffix is worth `base ** power`. */
  base: bigint;
  power: number;
}

function scaleOf(suffix: string): Scale {
  if (suffix.endsWith('i')) return { format: 'BinarySI', base: 1024n, power: binarySuffixes.indexOf(suffix) };
  if (/^[eE][+-]?[0-9]/.test(suffix)) return { format: 'DecimalExponent', base: 10n, power: Number(suffix.slice(1)) };
  return { format: 'DecimalSI', base: 10n, power: (decimalSuffixes.indexOf(suffix) - 3) * 3 };
}

/** `value / divisor`, rounded away from zero. */
function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return quotient + (value > 0n ? 1n : -1n);
}

const cap = (nano: bigint): bigint => (nano > maxNano ? maxNano : nano < -maxNano ? -maxNano : nano);

/**
 * Reads `1`, `1.5`, `500m`, `16Gi`, `2e3` as Kubernetes does.
 * @throws QuantityError
 */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input);
  const [, sign, whole = '', fraction = '', suffix = ''] = (text.length <= maxLength && shape.exec(text)) || [];
  if (sign === undefined) {
    throw new QuantityError(
      `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': ${JSON.stringify(text.slice(0, maxLength))}`,
    );
  }
  const { format, base, power } = scaleOf(suffix);
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n) * nanoPerUnit;
  return { nano: cap(scaled(digits, BigInt(fraction.length), base, power)), format };
}

/** Whether {@link parseQuantity} takes it. */
export function isQuantity(input: string | number): boolean {
  const text = String(input);
  return text.length <= maxLength && shape.test(text);
}

function scaled(digits: bigint, decimals: bigint, base: bigint, power: number): bigint {
  if (digits === 0n) return 0n;
  const divisor = 10n ** decimals;
  if (power >= 0) return divideUp(digits * base ** BigInt(Math.min(power, maxExponent + Number(decimals))), divisor);
  const places = Math.min(-power, maxExponent + String(digits).length);
  return divideUp(digits, divisor * base ** BigInt(places));
}

/**
 * The one way to write this amount: no more digits than needed, no fraction, the largest suffix that allows it.
 * A binary quantity under 1024, or with a fraction, is written in decimal.
 */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const magnitude = nano < 0n ? -nano : nano;
  const sign = nano < 0n ? '-' : '';
  if (format === 'BinarySI' && magnitude >= 1024n * nanoPerUnit && magnitude % nanoPerUnit === 0n)
    return `${sign}${binaryText(magnitude / nanoPerUnit)}`;
  return `${sign}${decimalText(magnitude, format)}`;
}

function binaryText(units: bigint): string {
  let [rest, step] = [units, 0];
  while (rest % 1024n === 0n && step < binarySuffixes.length - 1) [rest, step] = [rest / 1024n, step + 1];
  return `${rest}${binarySuffixes[step]}`;
}

function decimalText(nano: bigint, format: QuantityFormat): string {
  let [rest, step] = [nano, 0];
  while (rest % 1000n === 0n && step < decimalSuffixes.length - 1) [rest, step] = [rest / 1000n, step + 1];
  if (format !== 'DecimalExponent') return `${rest}${decimalSuffixes[step]}`;
  const exponent = (step - 3) * 3;
  return exponent === 0 ? `${rest}` : `${rest}e${exponent}`;
}

/** `parseQuantity`, written canonically. */
export const canonicalQuantity = (input: string | number): string => formatQuantity(parseQuantity(input));

export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  if (a.nano === b.nano) return 0;
  return a.nano < b.nano ? -1 : 1;
}

/** The sum, written as the first is; when the first is zero, as the second is. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nano: cap(a.nano + b.nano),
  format: a.nano === 0n ? b.format : a.format,
});

export const subtractQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nano: cap(a.nano - b.nano),
  format: a.nano === 0n ? b.format : a.format,
});

/** Whole units, rounded up: bytes of `1Gi`, cores of `1500m` (2). */
export const quantityUnits = ({ nano }: Quantity): bigint => divideUp(nano, nanoPerUnit);

/** Thousandths, rounded up: 1500 for `1.5`. */
export const quantityMillis = ({ nano }: Quantity): bigint => divideUp(nano, nanoPerUnit / 1000n);
