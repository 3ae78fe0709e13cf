import { isInt64, type Requirement } from './requirement.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels | undefined) => boolean;

interface Wanted {
  tests: ((value: string) => boolean)[];
  /** Some requirement is not met when the label is absent. */
  isNeeded: boolean;
}

/**
 * One function for many objects. What it costs depends on an object's labels, not on how many requirements there are,
 * so that a selector as long as a request may be is no burden.
 */
export function labelMatcher(requirements: readonly Requirement[]): LabelMatcher {
  const wanted = new Map<string, Wanted>();
  for (const requirement of requirements) {
    const { key, operator } = requirement;
    const known = wanted.get(key) ?? { tests: [], isNeeded: false };
    known.tests.push(testOf(requirement));
    if (operator !== 'NotIn' && operator !== 'DoesNotExist') known.isNeeded = true;
    wanted.set(key, known);
  }
  const neededCount = [...wanted.values()].filter(({ isNeeded }) => isNeeded).length;
  return (labels = {}) => {
    let needed = 0;
    for (const [key, value] of Object.entries(labels)) {
      const found = wanted.get(key);
      if (!found) continue;
      if (!found.tests.every((test) => test(value))) return false;
      if (found.isNeeded) needed++;
    }
    return needed === neededCount;
  };
}

/** Of a label that is there. */
function testOf({ operator, values }: Requirement): (value: string) => boolean {
  switch (operator) {
    case 'In': {
      const wanted = new Set(values);
      return (value) => wanted.has(value);
    }
    case 'NotIn': {
      const unwanted = new Set(values);
      return (value) => !unwanted.has(value);
    }
    case 'Exists':
      return () => true;
    case 'DoesNotExist':
      return () => false;
    default: {
      const bound = BigInt(values[0] ?? '0');
      return (value) => isInt64(value) && (operator === 'Gt' ? BigInt(value) > bound : BigInt(value) < bound);
    }
  }
}
