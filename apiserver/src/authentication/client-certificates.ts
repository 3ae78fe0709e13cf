import { type Authenticator, known } from './authenticate.ts';
import { type Authority, shownCertificates } from './authority.ts';
import type { Revocations } from './revoked-certificates.ts';

/**
 * Who showed a certificate of the cluster's authority when the connection began: the common name is the user, the organizations are the groups.
 * A connection that outlives its certificate, by its time or because it was revoked, is nobody's.
 */
export function certificateAuthenticator(
  authority: Authority,
  nowMs: () => number,
  { isRevoked }: Pick<Revocations, 'isRevoked'>,
): Authenticator {
  const shownBy = shownCertificates(authority, nowMs, (subject, { serialNumber: serial, validFromDate }) => {
    const [username] = [subject?.CN ?? []].flat();
    if (!username) return undefined;
    return {
      requester: { ...known(username, [subject.O ?? []].flat()), how: 'certificate' as const },
      serial,
      username,
      validFromMs: validFromDate.getTime(),
    };
  });
  return ({ socket }) => {
    const shown = shownBy(socket);
    return shown && !isRevoked(shown) ? shown.requester : undefined;
  };
}
