import { hash, randomUUID } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '@river/crds';
import { accountGroups, accountUsername } from '../authorization/account-subject.ts';
import type { Feed } from '../cache/feed.ts';
import { objectKey, resourcePrefix } from '../object/object-key.ts';
import type { Requester } from '../write/write-context.ts';
import type { AccountKeys } from './account-keys.ts';
import { type AudienceReader, known } from './authenticate.ts';
import { longestToken, signClaims, signedClaims } from './signed-claims.ts';

/** An object as a token names it: of another one with this name it says nothing. */
export interface Named {
  name: string;
  uid: string;
}

export type BoundKind = 'secret' | 'placement' | 'node';

/** What a token may be bound to. */
export const boundKinds: Readonly<Record<BoundKind, { prefix: string; isNamespaced: boolean }>> = {
  secret: { prefix: resourcePrefix('', 'secrets'), isNamespaced: true },
  placement: { prefix: resourcePrefix('river.dev', 'placements'), isNamespaced: true },
  node: { prefix: resourcePrefix('river.dev', 'nodes'), isNamespaced: false },
};

export const accountsPrefix = resourcePrefix('', 'serviceaccounts');

/** Whom a token is for, and until when. */
export interface Grant {
  namespace: string;
  account: Named;
  bound?: { kind: BoundKind; object: Named };
  audiences: readonly string[];
  seconds: number;
}

export interface AccountTokens {
  issuer: string;
  published: AccountKeys['published'];
  issue(grant: Grant): { token: string; expiresAt: Date };
  read: AudienceReader;
  /** Whether a token that is nobody's here was made a moment ago: what it names may not have come from another server yet. */
  isNew(token: string): boolean;
}

export interface AccountTokensDeps {
  feed: Pick<Feed, 'cacheOf'>;
  keys: AccountKeys;
  /** Also the audience of this server. */
  issuer: string;
  nowMs: () => number;
}

/** Clocks of several servers differ a little. */
const leewaySeconds = 10;
/** No cache is as far behind as this. */
const newSeconds = 60;
/** Verified tokens that are remembered. Only good ones are, so that strangers' inventions displace nothing. */
const mostRemembered = 10_000;

/**
 * Tokens of ServiceAccounts. A signature is verified once; that the account and what the token is bound to are still there is looked up
 * each time, in the cache.
 */
export function accountTokens({ feed, keys, issuer, nowMs }: AccountTokensDeps): AccountTokens {
  const verified = remembered(mostRemembered, (token) => readClaims(signedClaims(keys, token), issuer));
  const isThere = (prefix: string, namespace: string, { name, uid }: Named): boolean => {
    const object = feed.cacheOf(prefix).get(objectKey(prefix, namespace, name));
    return object !== undefined && object.uid === uid && !object.isDeleting;
  };
  const claimsOf = (token: string): Claims | undefined => (token.length > longestToken ? undefined : verified(token));
  const isAlive = ({ namespace, account, bound }: Claims): boolean => {
    if (!isThere(accountsPrefix, namespace, account)) return false;
    if (!bound) return true;
    const { prefix, isNamespaced } = boundKinds[bound.kind];
    return isThere(prefix, isNamespaced ? namespace : '', bound.object);
  };
  return {
    issuer,
    published: keys.published,
    issue({ namespace, account, bound, audiences, seconds }) {
      const from = Math.floor(nowMs() / 1000);
      const claims = {
        aud: audiences,
        exp: from + seconds,
        iat: from,
        iss: issuer,
        jti: randomUUID(),
        'kubernetes.io': { namespace, ...(bound && { [bound.kind]: bound.object }), serviceaccount: account },
        nbf: from,
        sub: accountUsername(namespace, account.name),
      };
      return { token: signClaims(keys, claims), expiresAt: new Date((from + seconds) * 1000) };
    },
    read(token, _address, audience = issuer) {
      const claims = claimsOf(token);
      if (!claims?.audiences.includes(audience)) return undefined;
      const now = nowMs() / 1000;
      if (now < claims.notBefore - leewaySeconds || now >= claims.expires + leewaySeconds) return undefined;
      return isAlive(claims) ? claims.requester : undefined;
    },
    isNew(token) {
      const claims = claimsOf(token);
      return claims !== undefined && nowMs() / 1000 < claims.notBefore + newSeconds;
    },
  };
}

interface Claims {
  namespace: string;
  account: Named;
  bound: { kind: BoundKind; object: Named } | undefined;
  audiences: readonly string[];
  /** In seconds since 1970. */
  notBefore: number;
  expires: number;
  requester: Requester;
}

/** What is signed was made here; all the same nothing is taken for granted, since keys are copied and programs grow older. */
function readClaims(claims: JsonObject | undefined, issuer: string): Claims | undefined {
  if (!claims || claims.iss !== issuer) return undefined;
  const { aud, exp, nbf, jti } = claims;
  const about = claims['kubernetes.io'];
  if (!isObject(about) || typeof about.namespace !== 'string') return undefined;
  const { namespace } = about;
  const account = named(about.serviceaccount);
  const audiences = Array.isArray(aud) ? aud.filter((each) => typeof each === 'string') : [];
  if (!account || claims.sub !== accountUsername(namespace, account.name)) return undefined;
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof jti !== 'string') return undefined;
  const { serviceaccount: _, namespace: __, ...rest } = about;
  const bound = boundIn(rest);
  if (bound === null) return undefined;
  return { namespace, account, bound, audiences, notBefore: nbf, expires: exp, requester: requesterOf(namespace, account, jti, bound) };
}

/** Null for a bond that is not understood: a token that is bound to it cannot be believed. */
function boundIn(rest: JsonObject): Claims['bound'] | null {
  const [first, ...more] = Object.entries(rest).filter(([key]) => key !== 'warnafter');
  if (!first) return undefined;
  const [kind, value] = first;
  const object = named(value);
  return more.length === 0 && object && Object.hasOwn(boundKinds, kind) ? { kind: kind as BoundKind, object } : null;
}

function named(value: Json | undefined): Named | undefined {
  if (!isObject(value) || typeof value.name !== 'string' || typeof value.uid !== 'string' || value.uid === '') return undefined;
  return { name: value.name, uid: value.uid };
}

function requesterOf(namespace: string, account: Named, jti: string, bound: Claims['bound']): Requester {
  const extra: Record<string, string[]> = { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] };
  const owner = { node: 'authentication.kubernetes.io/node', placement: 'authentication.river.dev/placement', secret: '' };
  const about = bound ? owner[bound.kind] : '';
  if (bound && about !== '') Object.assign(extra, { [`${about}-name`]: [bound.object.name], [`${about}-uid`]: [bound.object.uid] });
  return { ...known(accountUsername(namespace, account.name), accountGroups(namespace)), uid: account.uid, extra, how: 'account token' };
}

/**
 * Remembers what is good, by its token's hash, and the last that was not: one question may be about many audiences. When there is too
 * much, what was not asked for since the last time that there was too much is forgotten.
 */
function remembered<T>(most: number, read: (token: string) => T | undefined): (token: string) => T | undefined {
  let recent = new Map<string, T>();
  let earlier = new Map<string, T>();
  let lastBad = '';
  return (token) => {
    const key = hash('sha256', token, 'base64');
    const known = recent.get(key);
    if (known !== undefined || key === lastBad) return known;
    const value = earlier.get(key) ?? read(token);
    if (value === undefined) {
      lastBad = key;
      return undefined;
    }
    if (recent.size >= most / 2) {
      earlier = recent;
      recent = new Map();
    }
    recent.set(key, value);
    return value;
  };
}
