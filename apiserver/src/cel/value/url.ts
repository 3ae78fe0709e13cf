import { ArrayList, EntryMap, type OpaqueValue } from './value.ts';

interface UrlParts {
  scheme: string;
  host: string;
  path: string;
  query: string;
}

const absolute = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?$/s;
const hostPattern = /^(?:[^@]*@)?(\[[0-9A-Fa-f:.%a-z]*\]|[^:[\]<>"\\^`{|}]*)(?::(\d*))?$/;

/** Longer than any server takes. */
const maxLength = 65_536;

const hasBadEscape = (text: string): boolean => /%(?![0-9A-Fa-f]{2})/.test(text);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in a URL.
const hasControl = (text: string): boolean => /[\x00-\x1f\x7f]/.test(text);

/** An absolute URI or an absolute path, as it was written: nothing is normalized. */
export class Url implements OpaqueValue {
  readonly kind = 'url';
  readonly parts: UrlParts;
  constructor(parts: UrlParts) {
    this.parts = parts;
  }

  get hostname(): string {
    return (hostPattern.exec(this.parts.host)?.[1] ?? '').replace(/^\[|\]$/g, '');
  }

  get port(): string {
    return hostPattern.exec(this.parts.host)?.[2] ?? '';
  }

  get query(): EntryMap {
    const pairs = this.parts.query.split('&').filter((pair) => pair !== '' && !pair.includes(';') && !hasBadEscape(pair));
    const map = new EntryMap();
    for (const [key, values] of Map.groupBy(pairs, (pair) => decode(pair.split('=', 1)[0] ?? ''))) {
      map.add(key, new ArrayList(values.map((pair) => decode(pair.includes('=') ? pair.slice(pair.indexOf('=') + 1) : ''))));
    }
    return map;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Url && (['scheme', 'host', 'path', 'query'] as const).every((part) => other.parts[part] === this.parts[part]);
  }
}

const decode = (text: string): string => Buffer.from(unescapeBytes(text.replaceAll('+', ' ')), 'latin1').toString('utf8');
const unescapeBytes = (text: string): string =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

export const parseUrl = (text: string): Url | undefined => {
  if (text === '' || text.length > maxLength || hasControl(text)) return undefined;
  if (text.startsWith('/') && !text.startsWith('//')) {
    const [path = '', ...query] = text.split('?');
    return hasBadEscape(path) ? undefined : new Url({ scheme: '', host: '', path: escapePath(path), query: query.join('?') });
  }
  const match = absolute.exec(text);
  if (!match) return undefined;
  const [, scheme = '', authority, path = '', query = ''] = match;
  if (authority === undefined && !path.startsWith('/')) return undefined;
  if ((authority !== undefined && (!hostPattern.test(authority) || authority.includes(' '))) || hasBadEscape(path)) return undefined;
  return new Url({ scheme: scheme.toLowerCase(), host: (authority ?? '').replace(/^[^@]*@/, ''), path: escapePath(path), query });
};

const escapePath = (path: string): string =>
  path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*%[\]]/gu, (sign) => (/[\ud800-\udfff]/u.test(sign) ? '%EF%BF%BD' : encodeURIComponent(sign)));
