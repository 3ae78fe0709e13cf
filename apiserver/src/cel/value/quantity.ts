import type { OpaqueValue } from './value.ts';

const scales: Record<string, bigint> = {
  Ki: 1024n,
  Mi: 1024n ** 2n,
  Gi: 1024n ** 3n,
  Ti: 1024n ** 4n,
  Pi: 1024n ** 5n,
  Ei: 1024n ** 6n,
};
const powers: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE]|[eE][+-]?\d{1,3})?)$/;
const nanosPerUnit = 1_000_000_000n;
const maxDigits = 128;

/** A Kubernetes quantity, exact, in billionths; what is finer is rounded away from zero. */
export class Quantity implements OpaqueValue {
  readonly kind = 'quantity';
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Quantity && other.nanos === this.nanos;
  }

  /** The value as a whole number that fits 64 bits, if it is one. */
  toInt(): bigint | undefined {
    if (this.nanos % nanosPerUnit !== 0n) return undefined;
    const whole = this.nanos / nanosPerUnit;
    return whole <= 0x7fff_ffff_ffff_ffffn && whole >= -0x8000_0000_0000_0000n ? whole : undefined;
  }

  toDouble(): number {
    return Number(this.nanos / nanosPerUnit) + Number(this.nanos % nanosPerUnit) / 1e9;
  }
}

export const quantityOf = (whole: bigint): Quantity => new Quantity(whole * nanosPerUnit);

export const parseQuantity = (text: string): Quantity | undefined => {
  const match = text.length <= maxDigits ? pattern.exec(text) : null;
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', binary, decimal = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction) * (binary ? (scales[binary] ?? 1n) : 1n);
  const power = binary ? 0 : (powers[decimal] ?? Number(decimal.slice(1)));
  const exponent = power - fraction.length + 9;
  const nanos = exponent >= 0 ? digits * 10n ** BigInt(exponent) : divideUp(digits, 10n ** BigInt(-exponent));
  return new Quantity(sign === '-' ? -nanos : nanos);
};

const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by;
