import { isInt64, type Requirement } from './requirement.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels | undefined) => boolean;

/** One function for many objects: sets are made once. */
export function labelMatcher(requirements: readonly Requirement[]): LabelMatcher {
  const tests = requirements.map(testOf);
  return (labels = {}) => tests.every((test) => test(labels));
}

function testOf({ key, operator, values }: Requirement): (labels: Labels) => boolean {
  const wanted = new Set(values);
  const labelOf = (labels: Labels) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  const isIn = (value: string | undefined) => value !== undefined && wanted.has(value);
  switch (operator) {
    case 'In':
      return (labels) => isIn(labelOf(labels));
    case 'NotIn':
      return (labels) => !isIn(labelOf(labels));
    case 'Exists':
      return (labels) => labelOf(labels) !== undefined;
    case 'DoesNotExist':
      return (labels) => labelOf(labels) === undefined;
    default: {
      const bound = BigInt(values[0] ?? '0');
      return (labels) => {
        const value = labelOf(labels);
        if (value === undefined || !isInt64(value)) return false;
        return operator === 'Gt' ? BigInt(value) > bound : BigInt(value) < bound;
      };
    }
  }
}
