import { isObject, type Json } from '@river/crds';
import { CelError } from '../cel-error.ts';
import { bindJson, plainJson } from '../value/bind.ts';
import { isList, isMap, kindOf, none, OptionalValue, Uint, type Value } from '../value/value.ts';

/** `value.a.b`: through plain JSON without the values on the way. */
export const accessPath = (value: Value, path: readonly string[]): Value => {
  let json: Json | undefined = plainJson(value);
  if (json === undefined) return path.reduce((reached, field) => accessField(reached, field, false), value);
  for (const field of path) {
    if (json !== null && !isObject(json)) throw new CelError('no such overload');
    const next: Json | undefined = json !== null && Object.hasOwn(json, field) ? json[field] : undefined;
    if (next === undefined) throw new CelError(`no such key: ${field}`);
    json = next;
  }
  return bindJson(json);
};

/** `value.field`, or `value.?field`. Through an optional, everything stays optional. */
export const accessField = (value: Value, field: string, isOptional: boolean): Value => {
  if (value instanceof OptionalValue) return value.value === undefined ? none : accessField(value.value, field, true);
  if (!isMap(value)) throw new CelError(kindOf(value) === 'null_type' ? `no such key: ${field}` : 'no such overload');
  return found(value.get(field), isOptional, field);
};

const found = (value: Value | undefined, isOptional: boolean, key: string): Value => {
  if (isOptional) return value === undefined ? none : value instanceof OptionalValue ? value : new OptionalValue(value);
  if (value === undefined) throw new CelError(`no such key: ${key}`);
  return value;
};

export const hasField = (value: Value, field: string): boolean => {
  if (value instanceof OptionalValue) return value.value !== undefined && hasField(value.value, field);
  if (!isMap(value)) throw new CelError('no such overload');
  return value.has(field);
};

/** `value[index]`, or `value[?index]`. */
export const accessIndex = (value: Value, index: Value, isOptional: boolean): Value => {
  if (value instanceof OptionalValue) return value.value === undefined ? none : accessIndex(value.value, index, true);
  if (isMap(value)) return found(value.get(index), isOptional, String(index));
  if (!isList(value)) throw new CelError('no such overload');
  const at = wholeIndex(index);
  if (at >= 0 && at < value.size) return found(value.at(at), isOptional, '');
  if (isOptional) return none;
  throw new CelError(`index out of bounds: ${at}`);
};

const wholeIndex = (index: Value): number => {
  const at =
    index instanceof Uint ? Number(index.value) : Number(typeof index === 'bigint' || typeof index === 'number' ? index : Number.NaN);
  if (!Number.isInteger(at)) throw new CelError('no such overload');
  return at;
};
