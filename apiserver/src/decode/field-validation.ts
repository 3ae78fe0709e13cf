import { ApiError, type Cause } from '@river/crds';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface FieldFaults {
  duplicates: readonly string[];
  /** Paths that pruning removed. */
  unknown: readonly string[];
}

/** @throws ApiError `Invalid` for any other value. Left out, it is Warn, as in Kubernetes. */
export const parseFieldValidation = (value: string | null | undefined): FieldValidation => {
  if (value === undefined || value === null || value === '') return 'Warn';
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  const message = `Unsupported value: ${JSON.stringify(value.slice(0, 64))}: supported values: "Ignore", "Strict", "Warn"`;
  const causes: Cause[] = [{ reason: 'FieldValueNotSupported', message, field: 'fieldValidation' }];
  throw new ApiError('Invalid', `options is invalid: fieldValidation: ${message}`, { details: { causes } });
};

/**
 * What comes of fields that nobody knows or that were given twice: the texts of warnings, or a refusal.
 * @throws ApiError `BadRequest` in mode Strict.
 */
export const fieldValidation = (mode: FieldValidation, faults: FieldFaults, of?: { kind: string; version: string }): string[] => {
  if (mode === 'Ignore') return [];
  const texts = [
    ...faults.duplicates.map((path) => `duplicate field "${path}"`),
    ...faults.unknown.map((path) => `unknown field "${path}"`),
  ];
  if (mode === 'Warn' || texts.length === 0) return texts;
  const about = of ? `${of.kind} in version "${of.version}" cannot be handled as a ${of.kind}: ` : '';
  throw new ApiError('BadRequest', `${about}strict decoding error: ${texts.join(', ')}`);
};
