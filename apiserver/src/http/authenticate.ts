import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ApiError } from '@river/crds';
import type { Requester } from '../write/write-context.ts';

/** Says who a request is from. @throws ApiError Unauthorized */
export type Authenticate = (request: IncomingMessage) => Requester;

/** One way to tell who a request is from; nothing when this way tells nothing. */
export type Authenticator = (request: IncomingMessage) => Requester | undefined;

/** The first way that tells who it is. */
export const authenticateBy =
  (...ways: readonly Authenticator[]): Authenticate =>
  (request) => {
    for (const way of ways) {
      const requester = way(request);
      if (requester) return requester;
    }
    throw new ApiError('Unauthorized', 'Unauthorized');
  };

const known = (username: string, groups: readonly string[]): Requester => ({
  username,
  uid: '',
  groups: [...new Set([...groups, 'system:authenticated'])],
  extra: {},
});

interface TokenFile {
  tokens: { sha256: string; user: string; groups?: string[] }[];
}

const bearer = /^Bearer +(\S+)$/i;

/** Tokens are looked up by their hash, so neither the file nor the time that a look-up takes tells anything of a token. */
export function tokenAuthenticator({ tokens }: TokenFile): Authenticator {
  const requesters = new Map(tokens.map(({ sha256, user, groups = [] }) => [sha256.toLowerCase(), known(user, groups)]));
  return ({ headers }) => {
    const token = bearer.exec(headers.authorization ?? '')?.[1];
    return token === undefined ? undefined : requesters.get(createHash('sha256').update(token).digest('hex'));
  };
}

/**
 * Who showed a certificate of the cluster's authority when the connection began: the common name is the user, the organizations are the groups.
 * A connection that outlives its certificate is nobody's.
 */
export function certificateAuthenticator(nowMs: () => number): Authenticator {
  const shown = new WeakMap<Socket, { requester: Requester; untilMs: number } | null>();
  const read = (socket: TLSSocket) => {
    if (!socket.authorized) return null;
    const { subject, valid_to: until } = socket.getPeerCertificate();
    const [username] = [subject?.CN ?? []].flat();
    return username ? { requester: known(username, [subject.O ?? []].flat()), untilMs: Date.parse(until) } : null;
  };
  return ({ socket }) => {
    if (!(socket instanceof TLSSocket)) return undefined;
    const found = shown.get(socket) ?? (shown.has(socket) ? null : read(socket));
    shown.set(socket, found);
    return found && nowMs() < found.untilMs ? found.requester : undefined;
  };
}

export async function loadTokens(file: string): Promise<TokenFile> {
  const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!isTokenFile(parsed)) throw new Error(`${file} is not a token file: it must be {"tokens": [{"sha256", "user", "groups"}]}`);
  return parsed;
}

const isTokenFile = (value: unknown): value is TokenFile =>
  typeof value === 'object' &&
  value !== null &&
  'tokens' in value &&
  Array.isArray(value.tokens) &&
  value.tokens.every((token: unknown) => typeof token === 'object' && token !== null && 'sha256' in token && 'user' in token);
