import { CelError } from '../cel-error.ts';
import { formatDuration, formatTimestamp } from '../value/time.ts';
import { Duration, isList, isMap, kindOf, type ListValue, type MapValue, Timestamp, TypeValue, Uint, type Value } from '../value/value.ts';
import type { CallContext } from './overload.ts';

const clause = /%(?:\.(\d{1,3}))?([a-zA-Z%])/g;

/** `"%s has %d".format([…])`. */
export const formatText = (template: string, args: ListValue, context: CallContext): string => {
  let used = 0;
  const parts: string[] = [];
  let from = 0;
  for (const match of template.matchAll(clause)) {
    context.budget.work(50);
    parts.push(literalPart(template.slice(from, match.index)));
    from = match.index + match[0].length;
    if (match[2] === '%') parts.push('%');
    else {
      if (used >= args.size) throw new CelError(`index ${used} out of range`);
      parts.push(formatOne(match[2] ?? 's', match[1] === undefined ? undefined : Number(match[1]), args.at(used++), context));
    }
  }
  parts.push(literalPart(template.slice(from)));
  return parts.join('');
};

const literalPart = (text: string): string => {
  if (text.includes('%')) throw new CelError('could not parse formatting clause');
  return text;
};

const formatOne = (verb: string, precision: number | undefined, value: Value, context: CallContext): string => {
  switch (verb) {
    case 's':
      return showValue(value, context);
    case 'd':
      return formatNumber(value, 10, verb);
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : formatNumber(value, 2, verb);
    case 'o':
      return formatNumber(value, 8, verb);
    case 'x':
    case 'X': {
      const hex =
        typeof value === 'string' || value instanceof Uint8Array
          ? Buffer.from(value as string).toString('hex')
          : formatNumber(value, 16, verb); // Buffer.from takes both
      return verb === 'x' ? hex : hex.toUpperCase();
    }
    case 'f':
      return special(value) ?? asDouble(value, verb).toFixed(Math.min(precision ?? 6, 100));
    case 'e':
      return (
        special(value) ??
        asDouble(value, verb)
          .toExponential(Math.min(precision ?? 6, 100))
          .replace(/e([+-])(\d)$/, 'e$10$2')
      );
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
};

const special = (value: Value): string | undefined =>
  typeof value === 'number' && !Number.isFinite(value) ? showDouble(value) : undefined;

const asDouble = (value: Value, verb: string): number => {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  throw new CelError(`error during formatting: %${verb} can not be used on ${kindOf(value)}`);
};

const formatNumber = (value: Value, radix: number, verb: string): string => {
  if (typeof value === 'bigint') return value.toString(radix);
  if (value instanceof Uint) return value.value.toString(radix);
  if (typeof value === 'number' && verb === 'd') return showDouble(value);
  throw new CelError(`error during formatting: %${verb} can not be used on ${kindOf(value)}`);
};

export const showDouble = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : String(value).replace(/e([+-])(\d)$/, 'e$10$2');
};

const showValue = (value: Value, context: CallContext): string => {
  context.budget.spend(1);
  if (value === null) return 'null';
  if (typeof value === 'number') return showDouble(value);
  if (typeof value !== 'object') return paid(String(value), context);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.typeName;
  if (value instanceof Uint8Array) return paid(Buffer.from(value).toString('utf8'), context);
  if (isList(value)) return `[${Array.from({ length: value.size }, (_, index) => showValue(value.at(index), context)).join(', ')}]`;
  if (isMap(value)) return showMap(value, context);
  throw new CelError(`error during formatting: %s can not be used on ${kindOf(value)}`);
};

const paid = (text: string, { budget }: CallContext): string => {
  budget.spend(text.length * 0.1);
  return text;
};

const showMap = (map: MapValue, context: CallContext): string => {
  const entries = map.keys().map((key) => ({ key: showValue(key, context), value: map.get(key) ?? null }));
  const sorted = entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return `{${sorted.map(({ key, value }) => `${key}: ${showValue(value, context)}`).join(', ')}}`;
};
