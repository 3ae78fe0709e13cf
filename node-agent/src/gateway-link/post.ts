import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import type { ClusterAccess } from '@river/runtime';

/** As whom an agent speaks to gateways, and by whose word it knows them: both as for the API server. */
export type GatewayAccess = Pick<ClusterAccess, 'certificateAuthority' | 'clientCertificate' | 'tlsServerName'>;

/** Begins a request with a body, on a connection of its own. Its errors are for who waits for its answer. */
export function post({ certificateAuthority, clientCertificate, tlsServerName }: GatewayAccess, url: string, type: string): ClientRequest {
  const outgoing = request(url, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': type },
    ...(certificateAuthority !== undefined && { ca: certificateAuthority }),
    ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
  });
  // A gateway that has vanished without a word is noticed.
  outgoing.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
  return outgoing.on('error', () => {});
}
