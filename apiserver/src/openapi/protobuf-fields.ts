import { isObject, type Json, type JsonObject } from '@river/crds';
import type { ProtobufWriter } from './protobuf-writer.ts';

/**
 * Writes a JSON value as one field of a message, or as many where the field repeats. As protobuf wants it, nothing is written for what a reader
 * assumes anyway, such as false; nor for a value of another type than the field's.
 */
export type Field = (out: ProtobufWriter, value: Json) => void;

/** Writes all fields of a message, without a frame around them. */
export type Content = (out: ProtobufWriter, value: JsonObject) => void;

export const text =
  (number: number): Field =>
  (out, value) => {
    if (typeof value === 'string' && value !== '') out.text(number, value);
  };

/** A list of texts, or one text alone. */
export const texts =
  (number: number): Field =>
  (out, value) =>
    lastFirst(Array.isArray(value) ? value : [value], (one) => {
      if (typeof one === 'string') out.text(number, one);
    });

export const flag =
  (number: number): Field =>
  (out, value) => {
    if (value === true) out.flag(number, value);
  };

export const integer =
  (number: number): Field =>
  (out, value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value !== 0) out.integer(number, value);
  };

export const double =
  (number: number): Field =>
  (out, value) => {
    if (typeof value === 'number' && value !== 0) out.double(number, value);
  };

/** A value of any shape, as the message that holds it in YAML. */
export const any =
  (number: number): Field =>
  (out, value) =>
    framed(out, number, () => out.text(2, yamlOf(value)));

/** What a field writes for one value, for each of a list. */
export const each =
  (field: Field): Field =>
  (out, value) => {
    if (Array.isArray(value)) lastFirst(value, (one) => field(out, one));
  };

/** Messages contain each other in circles, so the content is found only when it is written. */
export const message =
  (number: number, content: () => Content): Field =>
  (out, value) => {
    if (isObject(value)) framed(out, number, () => content()(out, value));
  };

/** A message that has no counterpart in the JSON, around a field that has. */
export const inside =
  (number: number, field: Field): Field =>
  (out, value) =>
    framed(out, number, () => field(out, value));

/** An object as a list of messages, each with a name and a value; the field of the value must have number 2. */
export const entries =
  (number: number, field: Field, hasName = (_name: string) => true): Field =>
  (out, value) => {
    if (!isObject(value)) return;
    lastFirst(Object.keys(value).filter(hasName), (name) =>
      framed(out, number, () => {
        field(out, value[name] ?? null);
        out.text(1, name);
      }),
    );
  };

const isExtension = (name: string): boolean => name.startsWith('x-');

/** The content of a message whose fields, in the order of their numbers, are keys of the object; `extensions` is the field of all `x-` keys. */
export function contentOf(fields: Readonly<Record<string, Field>>, extensions?: number): Content {
  const known = Object.entries(fields).reverse();
  const extension = extensions === undefined ? undefined : entries(extensions, any(2), isExtension);
  return (out, value) => {
    extension?.(out, value);
    for (const [key, field] of known) {
      const one = value[key];
      if (one !== undefined) field(out, one);
    }
  };
}

function framed(out: ProtobufWriter, number: number, write: () => void): void {
  const lengthBehind = out.length();
  write();
  out.frame(number, out.length() - lengthBehind);
}

/** The writer goes from the end to the start. */
function lastFirst<T>(values: readonly T[], visit: (value: T) => void): void {
  for (let at = values.length - 1; at >= 0; at--) visit(values[at] as T); // within the bounds
}

/** JSON is YAML but for a few characters, which YAML wants escaped. */
const yamlOf = (value: Json): string =>
  JSON.stringify(value).replace(/[\u007f-\u009f\ufeff\ufffe\uffff]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
