import type { Kind, ListEquality } from '../value/value.ts';

/** A declared field of an object: under which name JSON has it, and whether a value is always there. */
export interface ObjectField {
  jsonName: string;
  type: CelType;
}

/** The static type of an expression. `max` is the largest size a valid value can have: what cost estimates are made of. */
export type CelType =
  | { kind: 'dyn'; max: number }
  | { kind: 'string' | 'bytes'; max: number }
  | { kind: 'list'; item: CelType; max: number; equality: ListEquality }
  | { kind: 'map'; key: CelType; value: CelType; max: number }
  | { kind: 'object'; name: string; fields: ReadonlyMap<string, ObjectField> }
  | { kind: 'optional'; of: CelType }
  | { kind: 'parameter'; name: string }
  | { kind: Exclude<Kind, 'string' | 'bytes' | 'list' | 'map' | 'object' | 'optional'> };

/** Nothing larger than a request can come in. */
export const maxRequestBytes = 3 * 1024 * 1024;

export const dyn: CelType = { kind: 'dyn', max: maxRequestBytes };
export const bool: CelType = { kind: 'bool' };
export const int: CelType = { kind: 'int' };
export const stringType = (max = maxRequestBytes): CelType => ({ kind: 'string', max });
export const listOf = (item: CelType, max = maxRequestBytes): CelType => ({ kind: 'list', item, max, equality: { type: 'atomic' } });
export const mapOf = (key: CelType, value: CelType, max = maxRequestBytes): CelType => ({ kind: 'map', key, value, max });
export const optionalOf = (of: CelType): CelType => ({ kind: 'optional', of });

/** The largest size, as the cost model counts it. */
export const maxSize = (type: CelType): number => ('max' in type ? type.max : 1);

export const showType = (type: CelType): string => {
  switch (type.kind) {
    case 'list':
      return `list(${showType(type.item)})`;
    case 'map':
      return `map(${showType(type.key)}, ${showType(type.value)})`;
    case 'object':
      return type.name;
    case 'optional':
      return `optional_type(${showType(type.of)})`;
    case 'parameter':
      return type.name;
    default:
      return type.kind;
  }
};

const isNumeric = (type: CelType): boolean => type.kind === 'int' || type.kind === 'uint' || type.kind === 'double';

/** Whether values of the two types may be the same thing. `dyn` and null fit everything: what is nullable is not declared. */
export const isCompatible = (a: CelType, b: CelType): boolean => {
  if (a.kind === 'dyn' || b.kind === 'dyn' || a.kind === 'parameter' || b.kind === 'parameter') return true;
  if (a.kind === 'null_type' || b.kind === 'null_type') return true;
  if (a.kind === 'list' && b.kind === 'list') return isCompatible(a.item, b.item);
  if (a.kind === 'map' && b.kind === 'map') return isCompatible(a.key, b.key) && isCompatible(a.value, b.value);
  if (a.kind === 'optional' && b.kind === 'optional') return isCompatible(a.of, b.of);
  return a.kind === b.kind;
};

/** Equality also compares numbers of different types. */
export const isComparable = (a: CelType, b: CelType): boolean => isCompatible(a, b) || (isNumeric(a) && isNumeric(b));

/** The type of "one or the other". */
export const join = (a: CelType, b: CelType): CelType => {
  if (a === b) return a;
  if (a.kind === 'parameter' || a.kind === 'null_type') return b;
  if (b.kind === 'parameter' || b.kind === 'null_type') return a;
  const max = Math.max(maxSize(a), maxSize(b));
  if (a.kind === 'list' && b.kind === 'list') return { ...a, item: join(a.item, b.item), max };
  if (a.kind === 'map' && b.kind === 'map') return { ...a, key: join(a.key, b.key), value: join(a.value, b.value), max };
  if (a.kind === 'optional' && b.kind === 'optional') return optionalOf(join(a.of, b.of));
  if ((a.kind === 'string' && b.kind === 'string') || (a.kind === 'bytes' && b.kind === 'bytes')) return { kind: a.kind, max };
  return a.kind === b.kind && a.kind !== 'object' ? a : { kind: 'dyn', max };
};
