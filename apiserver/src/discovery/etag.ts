import { createHash } from 'node:crypto';

/** A strong entity tag that depends on the bytes of the body and on nothing else. */
export const etagOf = (body: string | Uint8Array): string => `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;

/** Whether a request's If-None-Match names this tag, so that 304 is the answer. Weak and strong tags compare alike, as for any GET. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((part) => {
    const tag = part.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}
