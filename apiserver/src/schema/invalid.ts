import { ApiError, type Cause } from '@river/crds';

/** The answer 422 to an object that breaks rules, as Kubernetes writes it: every cause in the details, each text once in the message. */
export const invalid = ({ kind, group }: { kind: string; group: string }, name: string, causes: readonly Cause[]): ApiError => {
  const texts = [...new Set(causes.map((cause) => (cause.field === '' ? `<nil>: ${cause.message}` : `${cause.field}: ${cause.message}`)))];
  const about = `${group === '' ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid`;
  const what = texts.length > 1 ? `[${texts.join(', ')}]` : (texts[0] ?? '');
  return new ApiError('Invalid', what === '' ? about : `${about}: ${what}`, {
    details: { ...(name !== '' && { name }), ...(group !== '' && { group }), kind, ...(causes.length > 0 && { causes: [...causes] }) },
  });
};
