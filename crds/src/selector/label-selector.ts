import { checked, type Operator, type Requirement, SelectorError } from './requirement.ts';

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

/** Writes requirements so that {@link parseLabelSelector} reads them back. */
export const formatLabelSelector = (requirements: readonly Requirement[]): string => requirements.map(requirementText).join(',');

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
