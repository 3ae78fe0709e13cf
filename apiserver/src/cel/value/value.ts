import { CelError } from '../cel-error.ts';

/** The runtime type of a value; the opaque kinds come from Kubernetes' libraries. */
export type Kind =
  | 'null_type'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'object'
  | 'type'
  | 'optional'
  | OpaqueKind;

export type OpaqueKind = 'quantity' | 'url' | 'ip' | 'cidr' | 'semver' | 'format' | 'authorizer';

/** int is bigint, double is number: so an integer never silently becomes a fraction. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | ListValue
  | MapValue
  | TypeValue
  | OptionalValue
  | OpaqueValue;

export class Uint {
  readonly kind = 'uint';
  readonly value: bigint;
  constructor(value: bigint) {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new CelError('unsigned integer overflow');
    this.value = value;
  }
}

/** Nanoseconds since the epoch; years 1 to 9999. */
export class Timestamp {
  readonly kind = 'timestamp';
  readonly ns: bigint;
  constructor(ns: bigint) {
    if (ns < -62_135_596_800_000_000_000n || ns > 253_402_300_799_999_999_999n) throw new CelError('timestamp overflow');
    this.ns = ns;
  }
}

export class Duration {
  readonly kind = 'duration';
  readonly ns: bigint;
  constructor(ns: bigint) {
    if (ns > 0x7fff_ffff_ffff_ffffn || ns < -0x8000_0000_0000_0000n) throw new CelError('duration overflow');
    this.ns = ns;
  }
}

export class TypeValue {
  readonly kind = 'type';
  readonly typeName: string;
  constructor(typeName: string) {
    this.typeName = typeName;
  }
}

export class OptionalValue {
  readonly kind = 'optional';
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

export const none = new OptionalValue(undefined);

/** A value of one of Kubernetes' libraries. */
export interface OpaqueValue {
  readonly kind: OpaqueKind;
  equals(other: OpaqueValue): boolean;
}

/** How two lists compare, and which items correspond: `x-kubernetes-list-type`. */
export type ListEquality = { type: 'atomic' } | { type: 'set' } | { type: 'map'; keys: readonly string[] };

export interface ListValue {
  readonly kind: 'list';
  readonly size: number;
  readonly equality: ListEquality;
  at(index: number): Value;
}

/** A map, or an object with declared fields (`object`), in which only the declared fields exist. */
export interface MapValue {
  readonly kind: 'map' | 'object';
  readonly size: number;
  get(key: Value): Value | undefined;
  has(key: Value): boolean;
  keys(): Value[];
}

const atomic: ListEquality = { type: 'atomic' };

export class ArrayList implements ListValue {
  readonly kind = 'list';
  readonly equality: ListEquality;
  readonly #items: readonly Value[];
  constructor(items: readonly Value[], equality: ListEquality = atomic) {
    this.#items = items;
    this.equality = equality;
  }
  get size(): number {
    return this.#items.length;
  }
  at(index: number): Value {
    return this.#items[index] ?? null;
  }
}

/** Numeric keys that are equal are the same key: 1, 1u and 1.0. */
const normalizeKey = (key: Value): string | bigint | boolean | undefined => {
  if (typeof key === 'string' || typeof key === 'bigint' || typeof key === 'boolean') return key;
  if (key instanceof Uint) return key.value;
  return typeof key === 'number' && Number.isSafeInteger(key) ? BigInt(key) : undefined;
};

export class EntryMap implements MapValue {
  readonly kind = 'map';
  readonly #entries = new Map<string | bigint | boolean, { key: Value; value: Value }>();

  /** @throws CelError when the key is already there, or cannot be a key. */
  add(key: Value, value: Value): void {
    const normal = typeof key === 'number' ? undefined : normalizeKey(key);
    if (normal === undefined) throw new CelError('unsupported key type');
    if (this.#entries.has(normal)) throw new CelError(`repeated key: ${String(normal)}`);
    this.#entries.set(normal, { key, value });
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: Value): Value | undefined {
    const normal = normalizeKey(key);
    return normal === undefined ? undefined : this.#entries.get(normal)?.value;
  }
  has(key: Value): boolean {
    const normal = normalizeKey(key);
    return normal !== undefined && this.#entries.has(normal);
  }
  keys(): Value[] {
    return [...this.#entries.values()].map((entry) => entry.key);
  }
}

export const isList = (value: Value): value is ListValue => kindOf(value) === 'list';
export const isMap = (value: Value): value is MapValue => {
  const kind = kindOf(value);
  return kind === 'map' || kind === 'object';
};

export const kindOf = (value: Value): Kind => {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    default:
      if (value === null) return 'null_type';
      return value instanceof Uint8Array ? 'bytes' : value.kind;
  }
};

const maxInt = 0x7fff_ffff_ffff_ffffn;
const minInt = -0x8000_0000_0000_0000n;

export const checkedInt = (value: bigint): bigint => {
  if (value > maxInt || value < minInt) throw new CelError('integer overflow');
  return value;
};

/** The size that the cost model sees: characters, bytes or elements. */
export const sizeOf = (value: Value): number => {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return value.length;
  return value.kind === 'list' || value.kind === 'map' || value.kind === 'object' ? value.size : 1;
};
