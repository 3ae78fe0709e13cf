export class DurationError extends Error {
  override readonly name = 'DurationError';
}

const nanosPer: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const maxNanos = 2n ** 63n - 1n;
const element = /^([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)/;

/**
 * Reads `1h30m`, `1.5s`, `-2m`, `0` as Go's time.ParseDuration does, to the nanosecond.
 * @throws DurationError
 */
export function parseDuration(text: string): bigint {
  const invalid = (problem = 'invalid duration') => new DurationError(`time: ${problem} ${JSON.stringify(text)}`);
  const [, sign, body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return 0n;
  if (body === '') throw invalid();
  let nanos = 0n;
  for (let rest = body; rest !== ''; ) {
    const [read = '', whole = '', fraction = '', unit = ''] = element.exec(rest) ?? [];
    if (whole === '' && fraction === '') throw invalid(problemAt(rest));
    nanos += nanosOf(whole, fraction, nanosPer[unit] ?? 0n);
    if (nanos > maxNanos + (sign === '-' ? 1n : 0n)) throw invalid();
    rest = rest.slice(read.length);
  }
  return sign === '-' ? -nanos : nanos;
}

const nanosOf = (whole: string, fraction: string, per: bigint): bigint =>
  BigInt(whole || '0') * per + (BigInt(fraction || '0') * per) / 10n ** BigInt(fraction.length);

function problemAt(rest: string): string {
  const [, number, unit = ''] = /^([0-9]*\.?[0-9]*)([^0-9.]*)/.exec(rest) ?? [];
  if (!/[0-9]/.test(number ?? '')) return 'invalid duration';
  return unit === '' ? 'missing unit in duration' : `unknown unit ${JSON.stringify(unit)} in duration`;
}

/** `parseDuration` in milliseconds, for timers; finer parts are cut off. */
export const durationMs = (text: string): number => Number(parseDuration(text) / 1_000_000n);

/** Writes nanoseconds as Go does: `1h30m0s`, `1.5s`, `2ms`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const rest = nanos < 0n ? -nanos : nanos;
  return `${sign}${rest < 1_000_000_000n ? subsecondText(rest) : clockText(rest)}`;
}

function subsecondText(nanos: bigint): string {
  if (nanos < 1_000n) return `${nanos}ns`;
  return nanos < 1_000_000n ? `${decimal(nanos, 3)}µs` : `${decimal(nanos, 6)}ms`;
}

function clockText(nanos: bigint): string {
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${decimal(nanos % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  const hours = minutes / 60n;
  return `${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

/** `value / 10^places` without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return `${digits.slice(0, -places)}${fraction && `.${fraction}`}`;
}
