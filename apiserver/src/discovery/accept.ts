/** One entry of an Accept header: a media range with its parameters, without `q`. */
export interface MediaRange {
  type: string;
  subtype: string;
  params: ReadonlyMap<string, string>;
}

interface WeightedRange extends MediaRange {
  q: number;
}

function parseRange(text: string): WeightedRange | undefined {
  const [range = '', ...rest] = text.split(';');
  const [type = '', subtype = ''] = range.trim().toLowerCase().split('/');
  if (!type || (!subtype && type !== '*')) return undefined;
  const params = new Map<string, string>();
  for (const part of rest) {
    const at = part.indexOf('=');
    if (at > 0) params.set(part.slice(0, at).trim().toLowerCase(), unquoted(part.slice(at + 1).trim()));
  }
  const q = Number(params.get('q') ?? 1);
  params.delete('q');
  return { type, subtype: subtype || '*', params, q: Number.isFinite(q) ? q : 1 };
}

const unquoted = (text: string) => (text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text);
const wildcards = (range: MediaRange) => Number(range.type === '*') * 2 + Number(range.subtype === '*');

/** What a client accepts, best first: by weight, then the specific before the wildcard, then as written. No header accepts everything. */
export function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === '') return [{ type: '*', subtype: '*', params: new Map() }];
  const ranges = header.split(',').flatMap((part) => parseRange(part) ?? []);
  return ranges.filter((range) => range.q > 0).sort((a, b) => b.q - a.q || wildcards(a) - wildcards(b));
}

/** Whether `application/json` falls under the range. */
export const coversJson = (range: MediaRange): boolean =>
  range.type === '*' || (range.type === 'application' && (range.subtype === 'json' || range.subtype === '*'));
