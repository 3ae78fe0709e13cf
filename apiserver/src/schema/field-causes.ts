import type { Cause, Json } from '@river/crds';

/** The longest piece of a client's own value that a message repeats. */
const longestQuote = 1024;

const unprintable = /\\u00([0-9a-f]{2})|\u007f/g;

/** A string as Kubernetes quotes it in messages. */
const quote = (text: string): string => {
  const cut = text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
  return JSON.stringify(cut).replace(unprintable, (_all, hex: string | undefined) => `\\x${hex ?? '7f'}`);
};

const shown = (value: Json): string => {
  if (value === null) return '"null"';
  if (typeof value === 'string') return quote(value);
  const text = JSON.stringify(value);
  return text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
};

const withDetail = (body: string, detail: string): string => (detail === '' ? body : `${body}: ${detail}`);

/** How many causes one answer names. */
export const mostCauses = 100;

/** Adds causes up to the most that an answer names: what a stranger can make many of is never spread out. */
export const append = (causes: Cause[], ...more: (readonly Cause[])[]): Cause[] => {
  for (const some of more) {
    for (const cause of some) {
      if (causes.length >= mostCauses) return causes;
      causes.push(cause);
    }
  }
  return causes;
};

/** The causes of a refusal, worded as Kubernetes words them. The field is said apart from the message. */
export const required = (field: string, detail = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: withDetail('Required value', detail),
  field,
});

export const invalidValue = (field: string, value: Json, detail: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: withDetail(`Invalid value: ${shown(value)}`, detail),
  field,
});

export const typeInvalid = (field: string, value: Json, detail: string): Cause => ({
  reason: 'FieldValueTypeInvalid',
  message: withDetail(`Invalid value: ${shown(value)}`, detail),
  field,
});

export const notSupported = (field: string, value: Json, supported: readonly string[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${shown(value)}${supported.length === 0 ? '' : `: supported values: ${supported.map(quote).join(', ')}`}`,
  field,
});

export const duplicate = (field: string, value: Json): Cause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${shown(value)}`,
  field,
});

export const forbidden = (field: string, detail: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: withDetail('Forbidden', detail),
  field,
});

export const tooLong = (field: string, maxBytes: number): Cause => ({
  reason: 'FieldValueTooLong',
  message: `Too long: may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`,
  field,
});

export const tooMany = (field: string, actual: number, max: number): Cause => ({
  reason: 'FieldValueTooMany',
  message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
  field,
});
