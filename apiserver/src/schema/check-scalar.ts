import type { Json, StructuralSchema } from '@river/crds';
import { canonicalJson, equalJson } from '../json/plain-json.ts';
import { type Check, fail } from './check.ts';
import { compilePattern } from './compile-pattern.ts';
import { invalidValue, notSupported, tooLong, typeInvalid } from './field-causes.ts';
import { stringFormats } from './formats.ts';

/** Characters as Go counts them: code points, not UTF-16 units. */
const runeCount = (text: string): number => {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      count--;
      at++;
    }
  }
  return count;
};

const isLonger = (text: string, max: number): boolean => text.length > max && (text.length > 2 * max || runeCount(text) > max);
const isShorter = (text: string, min: number): boolean => text.length < min || (text.length < 2 * min && runeCount(text) < min);

/** What a string is held to. A text that is too long is not read further. */
export const stringChecks = (schema: StructuralSchema): Check[] => {
  const { minLength, maxLength } = schema;
  const matches = schema.pattern === undefined ? undefined : compilePattern(schema.pattern);
  const isOfFormat = schema.format === undefined ? undefined : stringFormats.get(schema.format);
  if (minLength === undefined && maxLength === undefined && !matches && !isOfFormat) return [];
  return [
    (value, _old, run) => {
      const text = value as string;
      if (maxLength !== undefined && isLonger(text, maxLength)) {
        fail(run, (field) => tooLong(field, maxLength));
        return;
      }
      if (minLength !== undefined && isShorter(text, minLength)) {
        fail(run, (field) => invalidValue(field, text, `${field} in body should be at least ${minLength} chars long`));
      }
      if (matches && !matches(text)) fail(run, (field) => invalidValue(field, text, `${field} in body should match '${schema.pattern}'`));
      if (isOfFormat && !isOfFormat(text)) {
        fail(run, (field) =>
          typeInvalid(field, text, `${field} in body must be of type ${schema.format}: ${JSON.stringify(text.slice(0, 1024))}`),
        );
      }
    },
  ];
};

const isMultiple = (value: number, of: number): boolean => {
  const times = value / of;
  return Number.isInteger(times) || Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times));
};

const rangeOf: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  float: [-3.4028234663852886e38, 3.4028234663852886e38],
};

export const numberChecks = (schema: StructuralSchema): Check[] => {
  const { minimum, maximum, multipleOf, format, type = 'number' } = schema;
  const checks: Check[] = [];
  const refuse = (isWrong: (value: number) => boolean, says: (field: string) => string): void => {
    checks.push((value, _old, run) => {
      if (isWrong(value as number)) fail(run, (field) => invalidValue(field, value, says(field)));
    });
  };
  if (multipleOf !== undefined)
    refuse(
      (n) => !isMultiple(n, multipleOf),
      (field) => `${field} in body should be a multiple of ${multipleOf}`,
    );
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum)
      refuse(
        (n) => n >= maximum,
        (field) => `${field} in body should be less than ${maximum}`,
      );
    else
      refuse(
        (n) => n > maximum,
        (field) => `${field} in body should be less than or equal to ${maximum}`,
      );
  }
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum)
      refuse(
        (n) => n <= minimum,
        (field) => `${field} in body should be greater than ${minimum}`,
      );
    else
      refuse(
        (n) => n < minimum,
        (field) => `${field} in body should be greater than or equal to ${minimum}`,
      );
  }
  const range = format === undefined ? undefined : rangeOf[format];
  if (range)
    refuse(
      (n) => n < range[0] || n > range[1],
      (field) => `Checked value must be of type ${type} with format ${format} in ${field}`,
    );
  return checks;
};

const isScalar = (value: Json): boolean => typeof value !== 'object' || value === null;

export const enumCheck = (allowed: readonly Json[]): Check => {
  const scalars = new Set(allowed.filter(isScalar));
  const others = allowed.filter((value) => !isScalar(value));
  const named = allowed.map((value) => (typeof value === 'string' ? value : canonicalJson(value)));
  return (value, _old, run) => {
    if (scalars.has(value) || others.some((other) => equalJson(value, other))) return;
    fail(run, (field) => notSupported(field, value, named));
  };
};
