import { CelError } from '../cel-error.ts';
import { parseTimestamp } from '../value/time.ts';
import { parseUrl } from '../value/url.ts';
import { ArrayList, none, type OpaqueValue, OptionalValue } from '../value/value.ts';
import { func, method, type Overload, traverse } from './overload.ts';

/** A named check of a string: why it fails, or nothing. */
class NamedFormat implements OpaqueValue {
  readonly kind = 'format';
  readonly name: string;
  readonly problems: (text: string) => string[];
  constructor(name: string, problems: (text: string) => string[]) {
    this.name = name;
    this.problems = problems;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

const pattern =
  (regex: RegExp, description: string, maxLength = Number.MAX_SAFE_INTEGER) =>
  (text: string): string[] => {
    if (text.length > maxLength) return [`must be no more than ${maxLength} characters`];
    return regex.test(text) ? [] : [description];
  };

/** A prefix may end with a dash, because something follows it. */
const asPrefix =
  (check: (text: string) => string[]) =>
  (text: string): string[] =>
    check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);

const dns1123Label = pattern(
  new RegExp(`^${label}$`),
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  63,
);
const dns1123Subdomain = pattern(
  new RegExp(`^${label}(\\.${label})*$`),
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  253,
);
const dns1035Label = pattern(
  /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  63,
);
const namePart = pattern(
  /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/,
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  63,
);

const qualifiedName = (text: string): string[] => {
  const parts = text.split('/');
  if (parts.length === 1) return namePart(text);
  if (parts.length > 2) return ['a qualified name must be a name with an optional DNS subdomain prefix and one slash'];
  return [...dns1123Subdomain(parts[0] ?? ''), ...namePart(parts[1] ?? '')];
};

const labelValue = (text: string): string[] => (text === '' ? [] : namePart(text));

const isTimestamp =
  (shape: RegExp) =>
  (text: string): string[] => {
    try {
      if (shape.test(text) && parseTimestamp(text)) return [];
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
    }
    return ['invalid date'];
  };

const formats = new Map(
  Object.entries({
    dns1123Label,
    dns1123Subdomain,
    dns1035Label,
    dns1123LabelPrefix: asPrefix(dns1123Label),
    dns1123SubdomainPrefix: asPrefix(dns1123Subdomain),
    dns1035LabelPrefix: asPrefix(dns1035Label),
    qualifiedName,
    labelValue,
    uri: (text: string) => (parseUrl(text) ? [] : ['invalid URI']),
    uuid: pattern(/^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/, 'does not match the UUID format'),
    byte: pattern(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'invalid base64'),
    date: isTimestamp(/^\d{4}-\d{2}-\d{2}$/),
    datetime: isTimestamp(/^\d{4}-\d{2}-\d{2}[Tt ]/),
  }).map(([name, problems]) => [name, new NamedFormat(name, problems)]),
);

const validate = (format: NamedFormat, text: string): OptionalValue => {
  const problems = format.problems(text);
  return problems.length === 0 ? none : new OptionalValue(new ArrayList(problems));
};

const named = (name: string): OptionalValue => {
  const format = formats.get(name);
  return format ? new OptionalValue(format) : none;
};

export const namedFormatFunctions: readonly Overload[] = [
  ...[...formats.values()].map((format) => func(`format.${format.name}(): format`, () => format)),
  func('format.named(string): optional<format>', named),
  method('format.validate(string): optional<list<string>>', validate, { price: ([, text = 1]) => traverse([text]) }),
];
