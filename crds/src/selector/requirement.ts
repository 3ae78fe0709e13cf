import { labelValue, qualifiedName } from '../names/name-rules.ts';

export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

export interface Requirement {
  key: string;
  operator: Operator;
  values: readonly string[];
}

export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/** The requirement itself, when its key and values are what Kubernetes allows. @throws SelectorError */
export function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement;
  const [keyProblem] = qualifiedName(key);
  if (keyProblem !== undefined) throw new SelectorError(`key: Invalid value: ${JSON.stringify(key)}: ${keyProblem}`);
  const isSet = operator === 'In' || operator === 'NotIn';
  const isComparison = operator === 'Gt' || operator === 'Lt';
  if (isSet && values.length === 0)
    throw new SelectorError("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
  if (!isSet && !isComparison && values.length > 0) {
    throw new SelectorError(`values: Invalid value: ${JSON.stringify(values)}: values set must be empty for exists and does not exist`);
  }
  if (isComparison && !(values.length === 1 && isInt64(values[0] ?? ''))) {
    throw new SelectorError(
      `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  for (const [index, value] of values.entries()) {
    const [problem] = labelValue(value);
    if (problem !== undefined) throw new SelectorError(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  }
  return requirement;
}

export const isInt64 = (text: string) => /^-?[0-9]{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
