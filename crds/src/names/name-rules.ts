/** Rules for names. Each gives what is wrong with a text, in Kubernetes' words; an empty list when nothing is. */
export type NameRule = (text: string) => string[];

const bytesOf = (text: string): number => Buffer.byteLength(text);
const tooLong = (max: number): string => `must be no more than ${max} bytes`;

const explain = (says: string, pattern: string, ...examples: string[]): string =>
  `${says} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`;

const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const qualifiedPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const qualifiedSays = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const qualifiedExplained = explain(qualifiedSays, qualifiedPattern, 'MyName', 'my.name', '123-abc');

interface Shape {
  max: number;
  /** Says the same as the pattern of the explanation, and is linear in a backtracking engine. */
  form: RegExp;
  explanation: string;
}

const shaped =
  ({ max, form, explanation }: Shape): NameRule =>
  (text) => {
    const isLong = text.length > max || bytesOf(text) > max;
    if (isLong && text.length > 4 * max) return [tooLong(max)];
    if (form.test(text)) return isLong ? [tooLong(max)] : [];
    return isLong ? [tooLong(max), explanation] : [explanation];
  };

export const dnsLabel: NameRule = shaped({
  max: 63,
  form: /^[a-z0-9]+(?:-+[a-z0-9]+)*$/,
  explanation: explain(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    labelPattern,
    'my-name',
    '123-abc',
  ),
});

export const dnsSubdomain: NameRule = shaped({
  max: 253,
  form: /^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$/,
  explanation: explain(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    subdomainPattern,
    'example.com',
  ),
});

const dns1035Pattern = '[a-z]([-a-z0-9]*[a-z0-9])?';

export const dns1035Label: NameRule = shaped({
  max: 63,
  form: /^[a-z][a-z0-9]*(?:-+[a-z0-9]+)*$/,
  explanation: explain(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    dns1035Pattern,
    'my-name',
    'abc-123',
  ),
});

/** For kinds whose names may be nearly anything, such as RBAC's. */
export const pathSegment: NameRule = (text) => {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((part) => text.includes(part)).map((part) => `may not contain '${part}'`);
};

const qualifiedForm = /^[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*$/;

const namePart = (name: string): string[] => {
  const wrong: string[] = [];
  if (name === '') wrong.push('name part must be non-empty');
  else if (name.length > 63) wrong.push(`name part ${tooLong(63)}`);
  if (!qualifiedForm.test(name)) wrong.push(`name part ${qualifiedExplained}`);
  return wrong;
};

/** A name with an optional DNS prefix, as keys of labels, keys of annotations and finalizers are. */
export const qualifiedName: NameRule = (text) => {
  const [first = '', name, ...more] = text.split('/', 3);
  if (more.length > 0)
    return [`a qualified name ${qualifiedExplained} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  if (name === undefined) return namePart(first);
  const prefix = first === '' ? ['must be non-empty'] : dnsSubdomain(first);
  return [...prefix.map((what) => `prefix part ${what}`), ...namePart(name)];
};

const labelValueForm = shaped({
  max: 63,
  form: qualifiedForm,
  explanation: explain(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    `(${qualifiedPattern})?`,
    'MyValue',
    'my_value',
    '12345',
  ),
});

export const labelValue: NameRule = (text) => (text === '' ? [] : labelValueForm(text));
