import type { Cause, KubeObject } from '@river/crds';

const highestOfUsers = 1_000_000_000;

const cause = (field: string, message: string): Cause => ({ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field });

export function checkPriorityClass(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const isSystem = object.metadata.name.startsWith('system-');
  const causes: Cause[] = [];
  if (!isSystem && Number(object.value) > highestOfUsers)
    causes.push(cause('value', `maximum allowed value of a user defined priority is ${highestOfUsers}`));
  if (old && old.value !== object.value) causes.push(cause('value', 'may not be changed in an update.'));
  if (old && old.preemptionPolicy !== object.preemptionPolicy) causes.push(cause('preemptionPolicy', 'may not be changed in an update.'));
  return causes;
}
