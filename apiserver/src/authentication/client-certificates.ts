import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Requester } from '../write/write-context.ts';
import { type Authenticator, known } from './authenticate.ts';

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
