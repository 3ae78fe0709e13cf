import { CelError } from '../cel-error.ts';
import { compareSemver, parseSemver, type Semver } from '../value/semver.ts';
import { func, method, type Overload, traverse } from './overload.ts';

const parse = (text: string, isLoose: boolean): Semver => {
  const version = parseSemver(text, isLoose);
  if (!version) throw new CelError(`not a semantic version: ${JSON.stringify(text.slice(0, 64))}`);
  return version;
};

const walk = { price: traverse };

export const semverFunctions: readonly Overload[] = [
  func('semver(string): semver', (text: string) => parse(text, false), walk),
  func('semver(string, bool): semver', parse, walk),
  func('isSemver(string): bool', (text: string) => parseSemver(text, false) !== undefined, walk),
  func('isSemver(string, bool): bool', (text: string, isLoose: boolean) => parseSemver(text, isLoose) !== undefined, walk),
  method('semver.major(): int', (version: Semver) => version.numbers[0]),
  method('semver.minor(): int', (version: Semver) => version.numbers[1]),
  method('semver.patch(): int', (version: Semver) => version.numbers[2]),
  method('semver.isLessThan(semver): bool', (a: Semver, b: Semver) => compareSemver(a, b) < 0),
  method('semver.isGreaterThan(semver): bool', (a: Semver, b: Semver) => compareSemver(a, b) > 0),
  method('semver.compareTo(semver): int', (a: Semver, b: Semver) => BigInt(compareSemver(a, b))),
];
