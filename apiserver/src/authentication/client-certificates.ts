import { type Authority, type CertificateHolder, certificateHolders, type Revocations } from '@river/runtime';
import type { Requester } from '../write/write-context.ts';
import { type Authenticator, known } from './authenticate.ts';

/** Who showed a certificate of the cluster's authority when the connection began. */
export function certificateAuthenticator(
  authority: Authority,
  nowMs: () => number,
  revocations: Pick<Revocations, 'isRevoked'>,
): Authenticator {
  const holderOf = certificateHolders(authority, nowMs, revocations);
  const requesters = new WeakMap<CertificateHolder, Requester>();
  return ({ socket }) => {
    const holder = holderOf(socket);
    if (!holder) return undefined;
    const requester = requesters.get(holder) ?? { ...known(holder.username, holder.groups), how: 'certificate' as const };
    requesters.set(holder, requester);
    return requester;
  };
}
