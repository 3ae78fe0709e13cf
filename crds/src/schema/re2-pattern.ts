interface Forbidden {
  construct: RegExp;
  problem: string;
}

const forbidden: Forbidden[] = [
  { construct: /\(\?<?[=!]/, problem: 'lookaround' },
  { construct: /\\[1-9]/, problem: 'a backreference' },
  { construct: /\\k</, problem: 'a named backreference' },
  { construct: /\\u/, problem: 'a \\u escape (write \\x{…})' },
  { construct: /\\c/, problem: 'a control escape' },
  { construct: /\[\^?\]/, problem: 'an empty character class' },
];

const withoutEscapedBackslashes = (pattern: string) => pattern.replaceAll('\\\\', '');

/**
 * Says why a JavaScript pattern would be refused, or would mean something else, in RE2, the linear-time engine of API servers.
 * Undefined when it is fine.
 */
export function re2Refuses(pattern: string): string | undefined {
  const scanned = withoutEscapedBackslashes(pattern);
  const found = forbidden.find(({ construct }) => construct.test(scanned));
  if (found) return found.problem;
  for (const [, from, to] of scanned.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Number(from) > 1000 || Number(to ?? 0) > 1000) return 'a repeat count above 1000';
  }
  return undefined;
}

/** The text that OpenAPI carries: a RegExp's source escapes slashes, which no other engine asks for. */
export const patternText = (regex: RegExp): string => regex.source.replaceAll('\\/', '/');
