import type { Cause } from '@river/crds';

const quoting = new Set<Cause['reason']>(['FieldValueInvalid', 'FieldValueTypeInvalid', 'FieldValueNotSupported', 'FieldValueDuplicate']);

const hidden = 'Invalid value: it is not shown, because it may be secret; `data` takes base64, `stringData` plain text';

/** The causes, with no value of these fields in their words. */
export const hideValues = (causes: readonly Cause[], fields: readonly string[]): Cause[] =>
  causes.map((cause) =>
    quoting.has(cause.reason) && fields.some((field) => isWithin(cause.field, field)) ? { ...cause, message: hidden } : cause,
  );

const isWithin = (path: string, field: string): boolean => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
