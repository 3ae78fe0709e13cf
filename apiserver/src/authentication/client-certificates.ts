import { type Authenticator, known } from './authenticate.ts';
import { type Authority, shownCertificates } from './authority.ts';

/**
 * Who showed a certificate of the cluster's authority when the connection began: the common name is the user, the organizations are the groups.
 * A connection that outlives its certificate is nobody's.
 */
export function certificateAuthenticator(authority: Authority, nowMs: () => number): Authenticator {
  const requesterOf = shownCertificates(authority, nowMs, (subject) => {
    const [username] = [subject?.CN ?? []].flat();
    return username ? known(username, [subject.O ?? []].flat()) : undefined;
  });
  return ({ socket }) => requesterOf(socket);
}
