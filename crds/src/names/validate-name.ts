const labelPart = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainShape = new RegExp(`^${labelPart}(\\.${labelPart})*$`);
const labelShape = new RegExp(`^${labelPart}$`);
const qualifiedPart = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const qualifiedShape = new RegExp(`^${qualifiedPart}$`);
const labelValueShape = new RegExp(`^(${qualifiedPart})?$`);

const maxLength = (length: number) => `must be no more than ${length} characters`;
const regexNote = (pattern: string, ...examples: string[]) => {
  const quoted = examples.map((example) => `'${example}'`).join(',  or ');
  return examples.length === 0
    ? `(regex used for validation is '${pattern}')`
    : `(e.g. ${quoted}, regex used for validation is '${pattern}')`;
};

const subdomainText = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character ${regexNote(`${labelPart}(\\.${labelPart})*`, 'example.com')}`;
const labelText = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character ${regexNote(labelPart, 'my-name', '123-abc')}`;
const qualifiedText = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${regexNote(qualifiedPart, 'MyName', 'my.name', '123-abc')}`;
const valueText = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${regexNote(`(${qualifiedPart})?`, 'MyValue', 'my_value', '12345')}`;

/** What is wrong with a text, one message each, in Kubernetes' words; nothing when it is fine. */
export type Validate = (text: string) => string[];

const problems = (...found: (string | false)[]): string[] => found.filter((problem) => problem !== false);

/** The name of most objects: `my-task.v2`. */
export const validateSubdomain: Validate = (text) =>
  problems(text.length > 253 && maxLength(253), !subdomainShape.test(text) && subdomainText);

/** The name of a namespace: `lab-7`. */
export const validateLabelName: Validate = (text) => problems(text.length > 63 && maxLength(63), !labelShape.test(text) && labelText);

/** The key of a label or an annotation: `river.dev/owner`, `app`. */
export const validateLabelKey: Validate = (text) => {
  const parts = text.split('/');
  const [prefix, name] = parts.length === 1 ? [undefined, parts[0] ?? ''] : [parts[0] ?? '', parts[1] ?? ''];
  if (parts.length > 2)
    return [`a qualified name ${qualifiedText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const aboutPrefix = prefix === '' ? ['must be non-empty'] : prefix === undefined ? [] : validateSubdomain(prefix);
  const aboutName = problems(
    name === '' && 'must be non-empty',
    name.length > 63 && maxLength(63),
    !qualifiedShape.test(name) && qualifiedText,
  );
  return [...aboutPrefix.map((problem) => `prefix part ${problem}`), ...aboutName.map((problem) => `name part ${problem}`)];
};

/** The value of a label; may be empty. */
export const validateLabelValue: Validate = (text) => problems(text.length > 63 && maxLength(63), !labelValueShape.test(text) && valueText);
