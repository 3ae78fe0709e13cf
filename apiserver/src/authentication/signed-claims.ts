import { sign, verify } from 'node:crypto';
import { isObject, type JsonObject } from '@river/crds';
import type { AccountKeys } from './account-keys.ts';

/** Longer than any that is made here. */
export const longestToken = 8 * 1024;

/** Claims under a signature: a JSON Web Token, always by ES256. */
export function signClaims({ signing }: Pick<AccountKeys, 'signing'>, claims: object): string {
  const signed = `${encode({ alg: 'ES256', kid: signing.id })}.${encode(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: signing.key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/**
 * The claims of a token that one of the keys has signed. How it must be signed is said here and never by the token: its header only
 * chooses among our own keys.
 */
export function signedClaims({ verifying }: Pick<AccountKeys, 'verifying'>, token: string): JsonObject | undefined {
  const [head = '', body = '', mark = '', ...more] = token.split('.');
  if (more.length > 0 || mark.length !== signatureLength) return undefined;
  const header = decode(head);
  if (header?.alg !== 'ES256' || typeof header.kid !== 'string' || header.crit !== undefined) return undefined;
  const key = verifying.get(header.kid);
  const signature = Buffer.from(mark, 'base64url');
  if (!key || signature.toString('base64url') !== mark) return undefined;
  const isSigned = verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, signature);
  return isSigned ? decode(body) : undefined;
}

/** Of 64 bytes, in base64url. */
const signatureLength = 86;

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
