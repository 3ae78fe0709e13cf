import { CelSyntaxError } from '../cel-error.ts';

export interface Token {
  kind: 'ident' | 'quoted' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'punct' | 'end';
  text: string;
  at: number;
  /** The value of a string or bytes literal, its escapes resolved. */
  content?: string | Uint8Array;
}

const space = /[ \t\r\n\f]+|\/\/[^\n]*/y;
const ident = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const quoted = /`[a-zA-Z0-9_.\-/ ]+`/y;
const number = /0x[0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?/y;
const stringStart = /(?:[rR][bB]?|[bB][rR]?)?("""|'''|"|')/y;
const punct = /==|!=|<=|>=|&&|\|\||[-+*/%!<>?:.,()[\]{}]/y;

const matchAt = (pattern: RegExp, source: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(source);
};

export const tokenize = (source: string): Token[] => {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const gap = matchAt(space, source, at);
    if (gap) {
      at += gap[0].length;
      continue;
    }
    const { token, end } = nextToken(source, at);
    tokens.push(token);
    at = end;
  }
  tokens.push({ kind: 'end', text: '<end>', at });
  return tokens;
};

const nextToken = (source: string, at: number): { token: Token; end: number } => {
  const text = matchAt(stringStart, source, at);
  if (text) return stringToken(source, at, text[0], text[1] ?? '"');
  const plain = (kind: Token['kind'], match: string) => ({ token: { kind, text: match, at }, end: at + match.length });
  const name = matchAt(ident, source, at);
  if (name) return plain('ident', name[0]);
  const digits = matchAt(number, source, at);
  if (digits) return plain(numberKind(digits[0]), digits[0]);
  const backquoted = matchAt(quoted, source, at);
  if (backquoted) return { token: { kind: 'quoted', text: backquoted[0].slice(1, -1), at }, end: at + backquoted[0].length };
  const sign = matchAt(punct, source, at);
  if (sign) return plain('punct', sign[0]);
  throw new CelSyntaxError(`Syntax error at ${at + 1}: token recognition error at: '${source.slice(at, at + 1)}'`);
};

const numberKind = (text: string): Token['kind'] => {
  if (/[uU]$/.test(text)) return 'uint';
  return /^0x/.test(text) || /^\d+$/.test(text) ? 'int' : 'double';
};

const stringToken = (source: string, at: number, opening: string, quote: string): { token: Token; end: number } => {
  const prefix = opening.slice(0, -quote.length).toLowerCase();
  const start = at + opening.length;
  const end = findEnd(source, start, quote, prefix.includes('r'));
  const body = source.slice(start, end).replace(/\r\n?/g, '\n');
  const isBytes = prefix.includes('b');
  const content = prefix.includes('r') ? (isBytes ? new TextEncoder().encode(body) : body) : resolveEscapes(body, isBytes, at);
  return {
    token: { kind: isBytes ? 'bytes' : 'string', text: source.slice(at, end + quote.length), at, content },
    end: end + quote.length,
  };
};

const findEnd = (source: string, start: number, quote: string, raw: boolean): number => {
  for (let at = start; at < source.length; at++) {
    if (source.startsWith(quote, at)) return at;
    if (source[at] === '\\' && !raw) at++;
    else if (source[at] === '\n' && quote.length === 1) break;
  }
  throw new CelSyntaxError(`Syntax error at ${start}: unterminated string`);
};

const simpleEscapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
};
const numericEscape = /[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})/y;

/** In bytes, \x and octal escapes are single bytes; in strings they are code points. */
const resolveEscapes = (body: string, isBytes: boolean, at: number): string | Uint8Array => {
  const parts: (string | number)[] = [];
  for (let index = 0; index < body.length; index++) {
    const sign = body[index] === '\\' ? body[index + 1] : undefined;
    if (sign === undefined) {
      parts.push(body[index] ?? '');
      continue;
    }
    const simple = simpleEscapes[sign];
    if (simple !== undefined) {
      parts.push(simple);
      index++;
      continue;
    }
    const match = matchAt(numericEscape, body, index + 1);
    if (!match || (isBytes && (match[2] ?? match[3]))) throw new CelSyntaxError(`Syntax error at ${at + 1}: bad escape '\\${sign}'`);
    const code = match[4] ? Number.parseInt(match[4], 8) : Number.parseInt(match[1] ?? match[2] ?? match[3] ?? '', 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      throw new CelSyntaxError(`Syntax error at ${at + 1}: not a code point: \\${match[0]}`);
    parts.push(isBytes ? code : String.fromCodePoint(code));
    index += match[0].length;
  }
  if (!isBytes) return parts.join('');
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
};
