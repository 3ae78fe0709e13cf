import { isIPv4, isIPv6 } from 'node:net';

/** Says whether a text has a format. Every check is linear in the text. */
type FormatCheck = (text: string) => boolean;

const matches =
  (pattern: RegExp): FormatCheck =>
  (text) =>
    pattern.test(text);

/** What no format but base64 is ever longer than; longer texts are refused unread. */
const longestText = 8192;

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

const isDate: FormatCheck = (text) => {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!found) return false;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year < 100 ? year + 400 : year, month);
};

const isDateTime: FormatCheck = (text) => {
  const found = /^(\d{4}-\d{2}-\d{2})[tT](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[zZ]|[+-]\d{2}:\d{2})$/.exec(text);
  return found !== null && isDate(found[1] as string) && Number(found[2]) <= 23 && Number(found[3]) <= 59 && Number(found[4]) <= 59;
};

const goDuration = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const wordyDuration =
  /^(?:\d+ *(?:nanoseconds?|nanos?|ns|microseconds?|micros?|us|µs|milliseconds?|millis?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|hr|h|days?|d|weeks?|wks?|wk|w) *)+$/i;

const isDuration: FormatCheck = (text) => text.length <= 64 && (goDuration.test(text) || wordyDuration.test(text));

const isByte: FormatCheck = (text) => {
  const plain = text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]/g, '') : text;
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
};

const isV6: FormatCheck = (text) => isIPv6(text) && !text.includes('%');

const isCidr: FormatCheck = (text) => {
  const slash = text.indexOf('/');
  const address = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  if (slash < 1 || !/^\d{1,3}$/.test(bits) || (bits.length > 1 && bits.startsWith('0'))) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isV6(address) && Number(bits) <= 128);
};

const isUri: FormatCheck = (text) => {
  if (text.length > longestText || /[^!-~\u0080-\uffff]/.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text)) return false;
  return text.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:./.test(text);
};

const isHostname: FormatCheck = (text) => {
  if (text.length > 255) return false;
  const labels = text.split('.');
  return labels.every(
    (label) => label.length <= 63 && /^[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\p{S}\p{L}-]*[a-zA-Z0-9\p{S}\p{L}])?$/u.test(label),
  );
};

const address = /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+|"[^"\\\r\n]+")@(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$/;

const isEmail: FormatCheck = (text) => {
  if (text.length > longestText) return false;
  const open = text.indexOf('<');
  const bare = open >= 0 && text.endsWith('>') ? text.slice(open + 1, -1) : text;
  const local = bare.slice(0, bare.lastIndexOf('@'));
  return address.test(bare) && (local.startsWith('"') || (!local.startsWith('.') && !local.endsWith('.') && !local.includes('..')));
};

const uuid = (version: string, variant: string): FormatCheck =>
  matches(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'));

/** The string formats that a Kubernetes API server checks. A format that is not here says nothing. */
export const stringFormats: ReadonlyMap<string, FormatCheck> = new Map<string, FormatCheck>([
  ['date', isDate],
  ['date-time', isDateTime],
  ['datetime', isDateTime],
  ['duration', isDuration],
  ['byte', isByte],
  ['uuid', uuid('[0-9a-f]', '[0-9a-f]')],
  ['uuid3', uuid('3', '[0-9a-f]')],
  ['uuid4', uuid('4', '[89ab]')],
  ['uuid5', uuid('5', '[89ab]')],
  ['ipv4', isIPv4],
  ['ipv6', isV6],
  ['cidr', isCidr],
  [
    'mac',
    matches(
      /^(?:[0-9a-f]{2}(?:([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?:(?:\1[0-9a-f]{2}){2}|(?:\1[0-9a-f]{2}){14})?)|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|(?:[0-9a-f]{4}\.){3}[0-9a-f]{4}|(?:[0-9a-f]{4}\.){9}[0-9a-f]{4})$/i,
    ),
  ],
  ['uri', isUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['hexcolor', matches(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i)],
  ['rgbcolor', matches(/^rgb\(\s?(?:\d{1,3}\s?,\s?){2}\d{1,3}\s?\)$/)],
  ['ssn', matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/)],
  ['bsonobjectid', matches(/^[0-9a-f]{24}$/i)],
]);
