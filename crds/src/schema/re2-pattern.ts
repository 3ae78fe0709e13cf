interface Forbidden {
  construct: RegExp;
  problem: string;
}

/** Looked for in the pattern without its escaped backslashes. */
const escapes: Forbidden[] = [
  { construct: /\\[1-9]/, problem: 'a backreference' },
  { construct: /\\k</, problem: 'a named backreference' },
  { construct: /\\u/, problem: 'a \\u escape (write \\x{…})' },
  { construct: /\\c/, problem: 'a control escape' },
];

/** Looked for in the pattern without any escape. */
const constructs: Forbidden[] = [
  { construct: /\(\?<?[=!]/, problem: 'lookaround' },
  { construct: /(?<!\[)\[\^?\]/, problem: 'an empty character class' },
];

const findIn = (text: string, list: Forbidden[]) => list.find(({ construct }) => construct.test(text))?.problem;

/**
 * Says why a JavaScript pattern would be refused, or would mean something else, in RE2, the linear-time engine of API servers.
 * Undefined when it is fine.
 */
export function re2Refuses(pattern: string): string | undefined {
  const bare = pattern.replaceAll(/\\./g, '_');
  const problem = findIn(pattern.replaceAll('\\\\', '_'), escapes) ?? findIn(bare, constructs);
  if (problem !== undefined) return problem;
  for (const [, from, to] of bare.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Number(from) > 1000 || Number(to ?? 0) > 1000) return 'a repeat count above 1000';
  }
  return undefined;
}

/** The text that OpenAPI carries: a RegExp's source escapes slashes, which no other engine asks for. */
export const patternText = (regex: RegExp): string => regex.source.replaceAll(/\\([\s\S])/g, (both, what) => (what === '/' ? '/' : both));
