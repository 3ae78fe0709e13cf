import { validateLabelKey, validateLabelValue } from '../names/validate-name.ts';

export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

export interface Requirement {
  key: string;
  operator: Operator;
  values: readonly string[];
}

/** Kubernetes' LabelSelector object, as it stands in specs. */
export interface LabelSelectorObject {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: readonly string[] }[];
}

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels | undefined) => boolean;

export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/**
 * Reads `app=web,tier in (a, b),!old,size > 5` as Kubernetes does. All requirements must hold; the empty text matches everything.
 * @throws SelectorError
 */
export function parseLabelSelector(text: string): Requirement[] {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return [];
  const reader = { tokens, at: 0 };
  const requirements = [readRequirement(reader)];
  while (reader.at < tokens.length) {
    expect(reader, ',');
    requirements.push(readRequirement(reader));
  }
  return requirements;
}

/** One function for many objects: sets are made once. */
export function labelMatcher(requirements: readonly Requirement[]): LabelMatcher {
  const tests = requirements.map(testOf);
  return (labels = {}) => tests.every((test) => test(labels));
}

/** The requirements of a LabelSelector object. @throws SelectorError */
export function requirementsOf(selector: LabelSelectorObject): Requirement[] {
  const fromLabels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => checked({ key, operator: 'In', values: [value] }));
  const fromExpressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (!isObjectOperator(operator)) throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return checked({ key, operator, values: values ?? [] });
  });
  return [...fromLabels, ...fromExpressions];
}

/** Matches what a LabelSelector object selects: nothing when there is none, everything when it is empty. @throws SelectorError */
export const selectorMatcher = (selector: LabelSelectorObject | undefined): LabelMatcher =>
  selector === undefined ? () => false : labelMatcher(requirementsOf(selector));

/** Writes requirements so that {@link parseLabelSelector} reads them back. */
export const formatLabelSelector = (requirements: readonly Requirement[]): string => requirements.map(requirementText).join(',');

const isObjectOperator = (operator: string): operator is Operator => ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator);

function requirementText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]}`;
    case 'Lt':
      return `${key}<${values[0]}`;
    default: {
      const [only = ''] = values;
      if (values.length === 1) return `${key}${operator === 'In' ? '=' : '!='}${only}`;
      return `${key} ${operator === 'In' ? 'in' : 'notin'} (${[...values].sort().join(',')})`;
    }
  }
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

const isInt64 = (text: string) => /^-?[0-9]{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement;
  const [keyProblem] = validateLabelKey(key);
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
    const [problem] = validateLabelValue(value);
    if (problem !== undefined) throw new SelectorError(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  }
  return requirement;
}

interface Reader {
  tokens: readonly string[];
  at: number;
}

/** Symbols, and runs of anything else; white space only separates. */
const tokensOf = (text: string): string[] => text.match(/==|!=|[=!(),<>]|[^\s=!(),<>]+/g) ?? [];

const isWord = (token: string | undefined): token is string => token !== undefined && !/^[=!(),<>]/.test(token);

const failed = (reader: Reader, wanted: string) =>
  new SelectorError(`unable to parse requirement: found '${reader.tokens[reader.at] ?? ''}', expected: ${wanted}`);

function expect(reader: Reader, symbol: string): void {
  if (reader.tokens[reader.at] !== symbol) throw failed(reader, `'${symbol}'`);
  reader.at++;
}

function word(reader: Reader): string {
  const token = reader.tokens[reader.at];
  if (!isWord(token)) throw failed(reader, 'identifier');
  reader.at++;
  return token;
}

function readRequirement(reader: Reader): Requirement {
  try {
    return checked(readUnchecked(reader));
  } catch (error) {
    if (error instanceof SelectorError && !error.message.startsWith('unable'))
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    throw error;
  }
}

function readUnchecked(reader: Reader): Requirement {
  if (reader.tokens[reader.at] === '!') {
    reader.at++;
    return { key: word(reader), operator: 'DoesNotExist', values: [] };
  }
  const key = word(reader);
  const symbol = reader.tokens[reader.at];
  if (symbol === undefined || symbol === ',') return { key, operator: 'Exists', values: [] };
  const operator = operatorOf.get(symbol);
  if (operator === undefined) throw failed(reader, 'in, notin, =, ==, !=, gt, lt');
  reader.at++;
  if (symbol === 'in' || symbol === 'notin') return { key, operator, values: readSet(reader) };
  return { key, operator, values: [isWord(reader.tokens[reader.at]) ? word(reader) : ''] };
}

const operatorOf = new Map<string, Operator>([
  ['in', 'In'],
  ['notin', 'NotIn'],
  ['=', 'In'],
  ['==', 'In'],
  ['!=', 'NotIn'],
  ['>', 'Gt'],
  ['<', 'Lt'],
]);

/** `(a, b)`; a place without a word is the empty value. */
function readSet(reader: Reader): string[] {
  const values = new Set<string>();
  expect(reader, '(');
  for (;;) {
    values.add(isWord(reader.tokens[reader.at]) ? word(reader) : '');
    if (reader.tokens[reader.at] === ')') break;
    expect(reader, ',');
  }
  reader.at++;
  return [...values];
}
