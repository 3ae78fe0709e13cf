import { isObject, type Json, type JsonObject } from '@river/crds';
import { CelError } from '../cel-error.ts';
import { fieldOf } from '../check/field-of.ts';
import { type CelType, dyn, maxRequestBytes } from '../check/type.ts';
import { parseDuration, parseTimestamp } from './time.ts';
import type { ListEquality, ListValue, MapValue, Value } from './value.ts';

/**
 * A JSON value as an expression sees it under its declared type. Lists, maps and objects convert their parts only when touched,
 * so binding an object costs nothing.
 */
export const bind = (json: Json | undefined, type: CelType): Value => {
  if (json === null || json === undefined) return null;
  switch (type.kind) {
    case 'string':
      return typeof json === 'string' ? json : invalid(type);
    case 'int':
      return typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : invalid(type);
    case 'double':
      return typeof json === 'number' ? json : invalid(type);
    case 'bool':
      return typeof json === 'boolean' ? json : invalid(type);
    case 'list':
      return Array.isArray(json) ? new JsonList(json, type.item, type.equality) : invalid(type);
    case 'object':
      return isObject(json) ? new ObjectView(json, type) : invalid(type);
    case 'map':
      return isObject(json) ? new JsonMap(json, type.value) : invalid(type);
    default:
      return type.kind === 'dyn' ? bindDynamic(json) : bindText(json, type);
  }
};

const invalid = (type: CelType): never => {
  throw new CelError(`invalid data, expected ${type.kind}`);
};

const bindText = (json: Json, type: CelType): Value => {
  if (typeof json !== 'string') return invalid(type);
  if (type.kind === 'timestamp') return parseTimestamp(json);
  if (type.kind === 'duration') return parseDuration(json);
  return type.kind === 'bytes' ? new Uint8Array(Buffer.from(json, 'base64')) : json;
};

/** Without a declared type, a number without a fraction is an int. */
const bindDynamic = (json: Exclude<Json, null>): Value => {
  if (typeof json === 'number') return Number.isInteger(json) && Math.abs(json) < 2 ** 63 ? BigInt(json) : json;
  if (typeof json !== 'object') return json;
  return Array.isArray(json) ? new JsonList(json, dyn, { type: 'atomic' }) : new JsonMap(json, dyn);
};

/** JSON of unknown shape, as `object` and `params` are in admission policies. */
export const bindJson = (json: Json | undefined): Value => bind(json, { kind: 'dyn', max: maxRequestBytes });

class JsonList implements ListValue {
  readonly kind = 'list';
  readonly equality: ListEquality;
  readonly #items: readonly Json[];
  readonly #type: CelType;
  constructor(items: readonly Json[], type: CelType, equality: ListEquality) {
    this.#items = items;
    this.#type = type;
    this.equality = equality;
  }
  get size(): number {
    return this.#items.length;
  }
  at(index: number): Value {
    return bind(this.#items[index], this.#type);
  }
}

class JsonMap implements MapValue {
  readonly kind = 'map';
  readonly #json: JsonObject;
  readonly #type: CelType;
  constructor(json: JsonObject, type: CelType) {
    this.#json = json;
    this.#type = type;
  }
  get size(): number {
    return Object.keys(this.#json).length;
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#json, key)) return undefined;
    const json = this.#json[key];
    return json === undefined ? undefined : bind(json, this.#type);
  }
  has(key: Value): boolean {
    return typeof key === 'string' && Object.hasOwn(this.#json, key) && this.#json[key] !== undefined;
  }
  /** The JSON itself, unless what it means is for a declared type to say. */
  plain(): JsonObject | undefined {
    return this.#type.kind === 'dyn' ? this.#json : undefined;
  }
  keys(): Value[] {
    return Object.keys(this.#json).filter((key) => this.#json[key] !== undefined);
  }
}

/** What a map of no declared type is made of. */
export const plainJson = (value: Value): JsonObject | undefined => (value instanceof JsonMap ? value.plain() : undefined);

type ObjectType = Extract<CelType, { kind: 'object' }>;

class ObjectView implements MapValue {
  readonly kind = 'object';
  readonly #json: JsonObject;
  readonly #type: ObjectType;
  constructor(json: JsonObject, type: ObjectType) {
    this.#json = json;
    this.#type = type;
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: Value): Value | undefined {
    const field = typeof key === 'string' ? fieldOf(this.#type, key) : undefined;
    if (!field || !Object.hasOwn(this.#json, field.jsonName)) return undefined;
    const json = this.#json[field.jsonName];
    return json === undefined ? undefined : bind(json, field.type);
  }
  has(key: Value): boolean {
    const field = typeof key === 'string' ? fieldOf(this.#type, key) : undefined;
    return field !== undefined && Object.hasOwn(this.#json, field.jsonName) && this.#json[field.jsonName] !== undefined;
  }
  keys(): Value[] {
    return [...this.#type.fields.keys()].filter((key) => this.has(key));
  }
}
