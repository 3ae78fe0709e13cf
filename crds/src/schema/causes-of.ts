import type { z } from 'zod';
import type { Cause } from '../meta/api-error.ts';

/** What zod found, as Kubernetes says it: one cause per field. */
export const causesOf = (error: z.ZodError, json: unknown): Cause[] =>
  error.issues.map((issue) => {
    const value = issue.path.reduce<unknown>((inside, key) => (inside as Record<PropertyKey, unknown> | undefined | null)?.[key], json);
    const field = issue.path
      .reduce<string>((path, key) => (typeof key === 'number' ? `${path}[${key}]` : `${path}.${String(key)}`), '')
      .slice(1);
    return { field, ...causeOf(issue, value) };
  });

function causeOf(issue: z.core.$ZodIssue, value: unknown): Omit<Cause, 'field'> {
  if (value === undefined) return { reason: 'FieldValueRequired', message: 'Required value' };
  const shown = JSON.stringify(value);
  switch (issue.code) {
    case 'invalid_type':
      return { reason: 'FieldValueTypeInvalid', message: `Invalid value: ${shown}: must be of type ${issue.expected}` };
    case 'invalid_value': {
      const supported = issue.values.map((each) => JSON.stringify(each)).join(', ');
      return { reason: 'FieldValueNotSupported', message: `Unsupported value: ${shown}: supported values: ${supported}` };
    }
    case 'too_big':
      if (issue.origin === 'string')
        return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${issue.maximum} characters` };
      if (issue.origin === 'array') return { reason: 'FieldValueTooMany', message: `Too many: must have at most ${issue.maximum} items` };
      return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown}: should be less than or equal to ${issue.maximum}` };
    default:
      return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown}: ${issue.message}` };
  }
}
