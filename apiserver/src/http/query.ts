import { ApiError, type Cause } from '@river/crds';

/** Query parameters, checked. Each function throws BadRequest naming the parameter. */

const refuse = (name: string, value: string, why: string): ApiError =>
  new ApiError('BadRequest', `the query parameter ${name} is ${JSON.stringify(value.slice(0, 100))}, but ${why}`);

export function flag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (/^(|true|t|1)$/i.test(value)) return true;
  if (/^(false|f|0)$/i.test(value)) return false;
  throw refuse(name, value, 'must be true or false');
}

export function count(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value)) throw refuse(name, value, 'must be a whole number');
  return Number(value);
}

export const text = (query: URLSearchParams, name: string): string | undefined => query.get(name) || undefined;

export function isDryRun(values: readonly string[]): boolean {
  const given = values.filter((value) => value !== '');
  const wrong = given.find((value) => value !== 'All');
  if (wrong !== undefined) throw invalidOption('dryRun', wrong, ['All']);
  return given.length > 0;
}

function invalidOption(field: string, value: string, supported: string[]): ApiError {
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`;
  const cause: Cause = { reason: 'FieldValueNotSupported', message, field };
  return new ApiError('Invalid', `options is invalid: ${field}: ${message}`, { details: { causes: [cause] } });
}

const maxManagerLength = 128;

/** The name under which the fields of a write are owned: what the client says, else the program it says it is. */
export function fieldManagerOf(query: URLSearchParams, userAgent: string | undefined): string {
  const given = query.get('fieldManager');
  if (given) {
    if (given.length > maxManagerLength) throw refuse('fieldManager', given, `must not be longer than ${maxManagerLength} characters`);
    if (!/^[\P{C}]*$/u.test(given)) throw refuse('fieldManager', given, 'must be printable');
    return given;
  }
  return (userAgent ?? '').split('/')[0]?.slice(0, maxManagerLength) || 'unknown';
}
