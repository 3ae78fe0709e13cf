import { CelError } from '../cel-error.ts';
import { parseUrl, type Url } from '../value/url.ts';
import { func, method, type Overload, traverse } from './overload.ts';

const parse = (text: string): Url => {
  const url = parseUrl(text);
  if (!url) throw new CelError(`URL parse error during conversion from string: ${JSON.stringify(text.slice(0, 64))}`);
  return url;
};

export const urlFunctions: readonly Overload[] = [
  func('url(string): url', parse, { price: traverse }),
  func('isURL(string): bool', (text: string) => parseUrl(text) !== undefined, { price: traverse }),
  method('url.getScheme(): string', (url: Url) => url.parts.scheme),
  method('url.getHost(): string', (url: Url) => url.parts.host),
  method('url.getHostname(): string', (url: Url) => url.hostname),
  method('url.getPort(): string', (url: Url) => url.port),
  method('url.getEscapedPath(): string', (url: Url) => url.parts.path),
  method('url.getQuery(): map<string, list<string>>', (url: Url) => url.query),
];
