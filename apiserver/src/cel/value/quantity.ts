import { isQuantity, parseQuantity } from '@river/crds';
import type { OpaqueValue } from './value.ts';

const nanosPerUnit = 1_000_000_000n;

/** A Kubernetes quantity, exact, in billionths. */
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

export const readQuantity = (text: string): Quantity | undefined => (isQuantity(text) ? new Quantity(parseQuantity(text).nano) : undefined);
