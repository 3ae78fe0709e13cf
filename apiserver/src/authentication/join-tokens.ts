import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { isObject, type Json } from '@river/crds';
import { joinTokenName, joinTokenNamespace, joinTokenType, joinUsername, longestJoinTokenMs } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import { requestsPrefix } from '../certificates/requests-prefix.ts';
import { decodeObject } from '../object/encode.ts';
import { objectKey, resourcePrefix } from '../object/object-key.ts';
import type { TokenReader } from './authenticate.ts';

/** What the Secret of a join token says. */
export interface StoredJoinToken {
  /** Of the secret half. */
  sha256: Buffer;
  untilMs: number;
  /** The only node that may join with it. */
  node: string | undefined;
  isFrom(address: string): boolean;
  isAutomatic: boolean;
  /** Name of the request that has taken it. */
  usedFor: string | undefined;
}

const secretsPrefix = resourcePrefix('', 'secrets');
export const joinTokensPrefix = `${secretsPrefix}${joinTokenNamespace}/${joinTokenName('')}`;
const joinersGroups: readonly string[] = ['system:bootstrappers', 'system:bootstrappers:river:nodes'];
const form = /^([a-z0-9]{10})\.([A-Za-z0-9_-]{43})$/;

const read = new WeakMap<CachedObject, { token: StoredJoinToken | undefined }>();

/** Nothing when there is no such token, or its Secret is not understood. */
export function findJoinToken(feed: Feed, id: string): { secret: CachedObject; token: StoredJoinToken } | undefined {
  const secret = feed.cacheOf(secretsPrefix).get(objectKey(secretsPrefix, joinTokenNamespace, joinTokenName(id)));
  const token = secret && !secret.isDeleting ? tokenIn(secret) : undefined;
  return secret && token && { secret, token };
}

export function tokenIn(secret: CachedObject): StoredJoinToken | undefined {
  const known = read.get(secret) ?? { token: readToken(secret) };
  read.set(secret, known);
  return known.token;
}

function readToken({ bytes, createdAt }: CachedObject): StoredJoinToken | undefined {
  const { type, data } = decodeObject(bytes);
  if (type !== joinTokenType || !isObject(data)) return undefined;
  const sha256 = Buffer.from(text(data.sha256), 'hex');
  const untilMs = Math.min(Date.parse(text(data.expiration)), Date.parse(createdAt) + longestJoinTokenMs);
  const isFrom = addressRule(text(data.addresses));
  if (sha256.length !== 32 || Number.isNaN(untilMs) || !isFrom) return undefined;
  return {
    sha256,
    untilMs,
    isFrom,
    node: text(data.node) || undefined,
    isAutomatic: text(data.approval) === 'auto',
    usedFor: text(data.request) || undefined,
  };
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '');

/** No address in the list: from everywhere. */
function addressRule(list: string): ((address: string) => boolean) | undefined {
  const ranges = list.split(',').filter((range) => range !== '');
  const allowed = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    const prefix = bits === '' ? most : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > most) return undefined;
    allowed.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
    return ranges.length === 0 || (isIP(plain) > 0 && allowed.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4'));
  };
}

/**
 * Whose a join token is: nobody's who may do more than ask for one certificate. A token that has been used lives on only while its
 * request does, to fetch what became of it.
 */
export const joinTokens =
  (feed: Feed, nowMs: () => number): TokenReader =>
  (shown, address) => {
    const [, id, secret] = form.exec(shown) ?? [];
    const found = id === undefined ? undefined : findJoinToken(feed, id);
    if (!found || id === undefined || secret === undefined) return undefined;
    const { token } = found;
    const isRight = timingSafeEqual(createHash('sha256').update(secret).digest(), token.sha256);
    if (!isRight || !token.isFrom(address)) return undefined;
    const isLive = token.usedFor === undefined ? nowMs() < token.untilMs : feed.cacheOf(requestsPrefix).get(requestsPrefix + token.usedFor);
    if (!isLive) return undefined;
    const groups = token.usedFor === undefined ? [...joinersGroups, 'system:authenticated'] : joinersGroups;
    return { username: joinUsername(id), uid: '', groups, extra: { 'river.dev/address': [address] }, how: 'join token' };
  };
