import type { Socket } from 'node:net';
import { type Authority, shownCertificates } from './authority.ts';
import type { Revocations } from './revocation-list.ts';

/** Whom a certificate names: the common name is the user, the organizations are the groups. */
export interface CertificateHolder {
  username: string;
  groups: readonly string[];
}

/**
 * Who showed a certificate of the authority when the connection began.
 * A connection that outlives its certificate, by its time or because it was revoked, is nobody's.
 */
export function certificateHolders(
  authority: Authority,
  nowMs: () => number,
  { isRevoked }: Pick<Revocations, 'isRevoked'>,
): (socket: Socket) => CertificateHolder | undefined {
  const shownBy = shownCertificates(authority, nowMs, (subject, { serialNumber: serial, validFromDate }) => {
    const [username] = [subject?.CN ?? []].flat();
    if (!username) return undefined;
    return { holder: { username, groups: [subject.O ?? []].flat() }, serial, username, validFromMs: validFromDate.getTime() };
  });
  return (socket) => {
    const shown = shownBy(socket);
    return shown && !isRevoked(shown) ? shown.holder : undefined;
  };
}
