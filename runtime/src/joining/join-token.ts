import { createHash } from 'node:crypto';

const joinUser = 'system:bootstrap:';
export const joinUsername = (id: string): string => joinUser + id;
/** The join token that somebody shows. */
export const joinTokenIdOf = (username: string): string | undefined =>
  username.startsWith(joinUser) ? username.slice(joinUser.length) : undefined;

export const joinTokenType = 'river.dev/join-token';
export const joinTokenNamespace = 'river-system';
export const joinTokenName = (id: string): string => `join-${id}`;
export const longestJoinTokenMs = 7 * 24 * 60 * 60 * 1000;

/** What the requests that it makes are called, without the hash of their key. */
export const joinRequestPrefix = (id: string): string => `join-${id}-`;

/** What a person is given: the part that is shown to the server, and the hash by which the node knows the server's authority. */
export interface JoinToken {
  id: string;
  bearer: string;
  authorityHash: string;
}

const joinTokenPattern = /^(([a-z0-9]{10})\.[A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/;

/** Nothing when the text is no join token. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, bearer, id, authorityHash] = joinTokenPattern.exec(text.trim()) ?? [];
  return bearer && id && authorityHash ? { id, bearer, authorityHash } : undefined;
}

const certificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Of the certificates in a PEM text, whatever stands around them. */
export function authorityHash(pem: string): string {
  const sum = createHash('sha256');
  for (const [block] of pem.matchAll(certificate)) sum.update(Buffer.from(block.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'));
  return sum.digest('hex');
}
