import { CelError } from '../cel-error.ts';
import { Duration, Timestamp } from './value.ts';

const maxLength = 128;
const rfc3339 = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2}))?$/;

/** RFC 3339 with up to nine digits of a second; a date alone is its midnight in UTC. */
export const parseTimestamp = (text: string): Timestamp => {
  const match = text.length <= maxLength ? rfc3339.exec(text) : null;
  const [, date, hours, minutes, seconds, fraction = '', zone] = match ?? [];
  const base = match
    ? Date.parse(hours === undefined ? `${date}T00:00:00Z` : `${date}T${hours}:${minutes}:${seconds}${zone?.toUpperCase()}`)
    : Number.NaN;
  const day = Number(date?.slice(8));
  if (Number.isNaN(base) || new Date(`${date}T00:00:00Z`).getUTCDate() !== day)
    throw new CelError(`invalid timestamp ${JSON.stringify(text.slice(0, 64))}`);
  return new Timestamp(BigInt(base) * 1_000_000n + BigInt(fraction.padEnd(9, '0')));
};

const nsPerUnit: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
};

/** A duration such as `1h30m` or `-1.5s`. */
export const parseDuration = (text: string): Duration => {
  const match =
    text.length > maxLength
      ? null
      : /^([+-])?((?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h|d|w)|\.\d+(?:ns|us|µs|μs|ms|s|m|h|d|w)){1,16}|0)$/.exec(text);
  if (!match) throw new CelError(`invalid duration ${JSON.stringify(text.slice(0, 64))}`);
  let total = 0n;
  for (const [, amount = '', unit = 's'] of (match[2] ?? '').matchAll(/(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h|d|w)/g)) {
    const scale = BigInt(nsPerUnit[unit] ?? 0);
    const [whole = '', fraction = ''] = amount.split('.');
    const digits = fraction.slice(0, 18);
    total += BigInt(whole || 0) * scale + (BigInt(digits || 0) * scale) / 10n ** BigInt(digits.length);
  }
  return new Duration(match[1] === '-' ? -total : total);
};

const trimZeros = (digits: string): string => digits.replace(/0+$/, '');

export const formatTimestamp = ({ ns }: Timestamp): string => {
  const second = 1_000_000_000n;
  const fraction = ((ns % second) + second) % second;
  const text = new Date(Number((ns - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return fraction === 0n ? `${text}Z` : `${text}.${trimZeros(fraction.toString().padStart(9, '0'))}Z`;
};

/** In seconds, as CEL writes durations. */
export const formatDuration = ({ ns }: Duration): string => {
  const size = ns < 0n ? -ns : ns;
  const fraction = trimZeros((size % 1_000_000_000n).toString().padStart(9, '0'));
  return `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction ? `.${fraction}` : ''}s`;
};

export type DatePart = 'year' | 'month' | 'date' | 'day' | 'dayOfYear' | 'hours' | 'minutes' | 'seconds' | 'milliseconds';

/** One part of a timestamp in a time zone: an IANA name or a fixed offset such as `+02:00`. Months, days of week and of year count from 0. */
export const datePart = (timestamp: Timestamp, part: DatePart, zone: string): number => {
  const floorMs = Number((timestamp.ns - (((timestamp.ns % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
  const local = new Date(floorMs + offsetMs(floorMs, zone));
  switch (part) {
    case 'year':
      return local.getUTCFullYear();
    case 'month':
      return local.getUTCMonth();
    case 'date':
      return local.getUTCDate();
    case 'day':
      return local.getUTCDay();
    case 'dayOfYear':
      return Math.floor((local.getTime() - new Date(local).setUTCMonth(0, 1)) / 86_400_000);
    case 'hours':
      return local.getUTCHours();
    case 'minutes':
      return local.getUTCMinutes();
    case 'seconds':
      return local.getUTCSeconds();
    default:
      return local.getUTCMilliseconds();
  }
};

const offsetMs = (atMs: number, zone: string): number => {
  if (zone === 'UTC' || zone === '') return 0;
  const fixed = /^([+-])?(\d{1,2}):(\d{2})$/.exec(zone);
  if (fixed) return (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000 * (fixed[1] === '-' ? -1 : 1);
  try {
    const options = {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    } as const;
    const parts = Object.fromEntries(
      new Intl.DateTimeFormat('en-US', options).formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
  } catch {
    throw new CelError(`unknown time zone ${JSON.stringify(zone.slice(0, 64))}`);
  }
};
