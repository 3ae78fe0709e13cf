import type { OpaqueValue } from './value.ts';

const pattern = /^(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})(?:-([0-9A-Za-z.-]{1,128}))?(?:\+([0-9A-Za-z.-]{1,128}))?$/;

export class Semver implements OpaqueValue {
  readonly kind = 'semver';
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];
  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    this.numbers = numbers;
    this.prerelease = prerelease;
  }

  /** Build metadata does not count. */
  equals(other: OpaqueValue): boolean {
    return other instanceof Semver && compareSemver(this, other) === 0;
  }
}

/** `v1.2` becomes `1.2.0`: the prefix goes, missing parts are zero, leading zeros are dropped. */
const normalize = (text: string): string => {
  const match = /^v?(\d{1,19})(?:\.(\d{1,19}))?(?:\.(\d{1,19}))?([-+].{1,256})?$/.exec(text);
  if (!match) return text;
  const numbers = [match[1], match[2] ?? '0', match[3] ?? '0'].map((part) => String(BigInt(part ?? '0')));
  return numbers.join('.') + (match[4] ?? '');
};

export const parseSemver = (text: string, isLoose: boolean): Semver | undefined => {
  const match = pattern.exec(isLoose ? normalize(text) : text);
  if (!match) return undefined;
  const prerelease = match[4]?.split('.') ?? [];
  const build = match[5]?.split('.') ?? [];
  if ([...prerelease, ...build].some((part) => part === '') || prerelease.some((part) => /^0\d+$/.test(part))) return undefined;
  return new Semver([BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)], prerelease);
};

const compareParts = (a: string, b: string): number => {
  const numbers = [a, b].map((part) => /^\d+$/.test(part));
  if (numbers[0] && numbers[1]) return Math.sign(Number(BigInt(a) - BigInt(b)));
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
};

export const compareSemver = (a: Semver, b: Semver): number => {
  for (const index of [0, 1, 2] as const) {
    if (a.numbers[index] !== b.numbers[index]) return a.numbers[index] < b.numbers[index] ? -1 : 1;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return Math.sign(b.prerelease.length - a.prerelease.length);
  for (const [index, part] of a.prerelease.entries()) {
    const other = b.prerelease[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0;
};
