import type { IncomingMessage } from 'node:http';
import { ApiError } from '@river/crds';
import type { Requester } from '../write/write-context.ts';

/** Says who a request is from. @throws ApiError Unauthorized */
export type Authenticate = (request: IncomingMessage) => Requester;

/** One way to tell who a request is from; nothing when this way tells nothing. */
export type Authenticator = (request: IncomingMessage) => Requester | undefined;

/** Says whose a bearer token is; nothing when it is of another sort, or worth nothing. `address` is where it was shown from. */
export type TokenReader = (token: string, address: string) => Requester | undefined;

/** The same for whoever asks: a token may be for others than this server. Without an audience it is this server that asks. */
export type AudienceReader = (token: string, address: string, audience?: string) => Requester | undefined;

/** What the readers of a server make of a token. */
export interface TokenJudge {
  /** Whose it is, shown to this server. */
  read: TokenReader;
  /** Whose it is, and for which of those who ask; nothing when for none of them. */
  review(token: string, audiences: readonly string[]): { requester: Requester; audiences: string[] } | undefined;
}

export interface TokenReaders {
  /** The audience of this server. */
  own: string;
  accounts: AudienceReader;
  /** Of sorts of tokens that know no audience: they are for this server alone. */
  others: readonly TokenReader[];
  /** As in {@link authenticateBy}. */
  complete: (requester: Requester) => Requester | undefined;
}

/** The first reader that knows a token tells. */
export function tokenJudge({ own, accounts, others, complete }: TokenReaders): TokenJudge {
  const read: AudienceReader = (token, address, audience = own) => {
    const found = accounts(token, address, audience);
    if (found || audience !== own) return found;
    for (const other of others) {
      const requester = other(token, address);
      if (requester) return requester;
    }
    return undefined;
  };
  return {
    read: (token, address) => read(token, address),
    review(token, audiences) {
      const asked = audiences.length > 0 ? audiences : [own];
      const good = asked.filter((audience) => read(token, '', audience));
      const found = good[0] === undefined ? undefined : read(token, '', good[0]);
      const requester = found && complete(found);
      return requester && { requester, audiences: good };
    },
  };
}

const bearer = /^Bearer +(\S+)$/i;

/** The token in the Authorization header; the only place where one is looked for. */
export const bearerToken = ({ headers }: IncomingMessage): string | undefined => bearer.exec(headers.authorization ?? '')?.[1];

/** Who shows a token. */
export const tokenAuthenticator =
  (read: TokenReader): Authenticator =>
  (request) => {
    const token = bearerToken(request);
    return token === undefined ? undefined : read(token, request.socket.remoteAddress ?? '');
  };

/** The first way that tells who it is; `complete` has the last word on who that is, and whether they are let in. */
export const authenticateBy =
  (ways: readonly Authenticator[], complete: (requester: Requester) => Requester | undefined): Authenticate =>
  (request) => {
    for (const way of ways) {
      const requester = way(request);
      const completed = requester && complete(requester);
      if (completed) return completed;
      if (requester) break;
    }
    throw new ApiError('Unauthorized', 'Unauthorized');
  };

/** Whom one way or another has told: everybody who is somebody is of one group more. */
export const known = (username: string, groups: readonly string[]): Requester => ({
  username,
  uid: '',
  groups: [...new Set([...groups, 'system:authenticated'])],
  extra: {},
});
