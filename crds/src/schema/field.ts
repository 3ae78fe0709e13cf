import { z } from 'zod';
import { isObject, type Json, type JsonObject } from '../meta/json.ts';
import { extend } from './extension.ts';
import type { CelRule, StructuralSchema } from './structural-schema.ts';

const intOrStringSchema: StructuralSchema = { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };

/** A number or a text, as Kubernetes has it for ports and percentages. */
export const intOrString = () => extend(z.union([z.int(), z.string()]), { instead: intOrStringSchema });

// Nothing that `parseQuantity` does not read, and nothing below nothing.
const quantityPattern = /^\+?([0-9]{1,32}(\.[0-9]{0,32})?|\.[0-9]{1,32})([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$/;

/** An amount such as `500m`, `2` or `16Gi`; read it with `parseQuantity`. */
export const quantity = () =>
  extend(z.union([z.int().min(0), z.string().regex(quantityPattern)]), {
    instead: { ...intOrStringSchema, pattern: quantityPattern.source },
  });

// Of 64 characters of this nothing is longer than `parseDuration` reads.
const durationPattern =
  /^(0|([0-9]{1,5}(\.[0-9]{1,9})?h|[0-9]{1,6}(\.[0-9]{1,9})?m|[0-9]{1,9}(\.[0-9]{1,9})?s|[0-9]{1,12}(\.[0-9]{1,9})?ms|[0-9]{1,15}(\.[0-9]{1,9})?(ns|us|µs))+)$/;

/** A length of time such as `90s` or `1h30m`; read it with `parseDuration`. */
export const duration = () => z.string().max(64).regex(durationPattern);

/** A moment, RFC 3339, in whole seconds or finer. */
export const dateTime = () => extend(z.string(), { also: { format: 'date-time' } });

/** Bytes, base64 in JSON. */
export const bytes = () => extend(z.string(), { also: { format: 'byte' } });

const isJson = (value: unknown): value is Json => value !== undefined;

/** Any JSON, kept as it is. */
export const anything = () => extend(z.custom<Json>(isJson), { instead: { 'x-kubernetes-preserve-unknown-fields': true } });

/** An object whose fields are not described, kept as they are. */
export const anyObject = () =>
  extend(z.custom<JsonObject>(isObject), { instead: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } });

/** A whole object of some kind inside another, with its own apiVersion, kind and metadata. */
export const embedded = () =>
  extend(z.custom<JsonObject>(isObject), {
    instead: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  });

export type ListKind = { type: 'map'; keys: readonly string[] } | { type: 'set' } | { type: 'atomic' };

/**
 * A list, and how two writers share it: `map` merges elements by their keys, `set` by value, `atomic` (unless told otherwise) not at all.
 * `max` is needed wherever a CEL rule can see the list.
 */
export function listOf<T extends z.ZodType>(
  item: T,
  options: Partial<ListKind> & { keys?: readonly string[]; max?: number } = {},
): z.ZodArray<T> {
  const list = options.max === undefined ? z.array(item) : z.array(item).max(options.max);
  return extend(list, {
    also: {
      'x-kubernetes-list-type': options.type ?? 'atomic',
      ...(options.type === 'map' && { 'x-kubernetes-list-map-keys': [...(options.keys ?? [])] }),
    },
  });
}

/** Only for Kubernetes' own kinds: a strategic merge patch merges this list, by `key` when its elements are objects. */
export const strategic = <T extends z.ZodType>(list: T, key?: string): T =>
  extend(list, { also: { 'x-kubernetes-patch-strategy': 'merge', ...(key !== undefined && { 'x-kubernetes-patch-merge-key': key }) } });

/** A map from text to `value`. `max` is needed wherever a CEL rule can see the map. */
export function mapOf<T extends z.ZodType>(value: T, options: { max?: number; atomic?: boolean } = {}): z.ZodRecord<z.ZodString, T> {
  return extend(z.record(z.string(), value), {
    also: {
      ...(options.max !== undefined && { maxProperties: options.max }),
      ...(options.atomic && { 'x-kubernetes-map-type': 'atomic' as const }),
    },
  });
}

/** An object that is replaced whole by whoever writes any of it. */
export const atomic = <T extends z.ZodType>(object: T): T => extend(object, { also: { 'x-kubernetes-map-type': 'atomic' } });

/** Rules that the API server checks on every write. */
export const cel = <T extends z.ZodType>(schema: T, rules: readonly CelRule[]): T =>
  extend(schema, { also: { 'x-kubernetes-validations': [...rules] } });

/** Whatever was said first stays said. Binds while the field stands; whether it may come or go is its parent's rule. */
export const immutable = <T extends z.ZodType>(schema: T, message = 'cannot be changed'): T =>
  cel(schema, [{ rule: 'self == oldSelf', message }]);

const counted = (fields: readonly string[]) => `[${fields.map((field) => `has(self.${field})`).join(', ')}].filter(said, said).size()`;

/** Stands in for a union of objects: of these optional siblings one, and only one, is given. */
export const exactlyOne = (...fields: string[]): CelRule => ({
  rule: `${counted(fields)} == 1`,
  message: `exactly one of ${fields.join(', ')} must be set`,
});

/** Of these optional siblings at most one is given. */
export const atMostOne = (...fields: string[]): CelRule => ({
  rule: `${counted(fields)} <= 1`,
  message: `at most one of ${fields.join(', ')} may be set`,
});
