import type { IncomingMessage } from 'node:http';
import { ApiError } from '@river/crds';
import type { Requester } from '../write/write-context.ts';

/** Says who a request is from. @throws ApiError Unauthorized */
export type Authenticate = (request: IncomingMessage) => Requester;

/** One way to tell who a request is from; nothing when this way tells nothing. */
export type Authenticator = (request: IncomingMessage) => Requester | undefined;

/** Says whose a bearer token is; nothing when it is of another sort, or worth nothing. `address` is where it was shown from. */
export type TokenReader = (token: string, address: string) => Requester | undefined;

const bearer = /^Bearer +(\S+)$/i;

/** Who shows a token in the Authorization header: the first reader that knows it tells. */
export const tokenAuthenticator =
  (...readers: readonly TokenReader[]): Authenticator =>
  ({ headers, socket }) => {
    const token = bearer.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    for (const read of readers) {
      const requester = read(token, socket.remoteAddress ?? '');
      if (requester) return requester;
    }
    return undefined;
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
