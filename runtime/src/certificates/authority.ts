import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';

/** Those who sign certificates of one sort. */
export interface Authority {
  /** PEM. */
  pem: string;
  /** Whether one of them, and not merely one of that name, has signed the certificate itself. */
  signed(certificate: X509Certificate): boolean;
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @throws Error when there is no certificate in it */
export function authorityOf(pem: string, file: string): Authority {
  const authorities = (pem.match(pemBlock) ?? []).map((block) => new X509Certificate(block));
  if (authorities.length === 0) throw new Error(`${file} holds no certificate in PEM`);
  return {
    pem,
    signed: (certificate) => authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey)),
  };
}

/** Two sorts of certificates are told apart by their keys: with one in both files each could be taken for the other. @throws Error */
export function requireApart(one: Authority, other: Authority, files: string): void {
  const keysOf = ({ pem }: Authority) =>
    (pem.match(pemBlock) ?? []).map((block) => String(new X509Certificate(block).publicKey.export({ type: 'spki', format: 'pem' })));
  const shared = keysOf(one).some((key) => keysOf(other).includes(key));
  if (shared) throw new Error(`${files} share an authority: each needs a key of its own`);
}

type Subject = PeerCertificate['subject'];

/**
 * What `read` makes of the certificate that one authority has signed for whoever is at the other end, as long as it is valid.
 * Each connection's is looked at once.
 */
export function shownCertificates<T extends object>(
  authority: Authority,
  nowMs: () => number,
  read: (subject: Subject, certificate: X509Certificate) => T | undefined,
): (socket: Socket) => T | undefined {
  const seen = new WeakMap<Socket, { value: T; untilMs: number } | null>();
  const look = (socket: TLSSocket) => {
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (!certificate || !authority.signed(certificate)) return null;
    const value = read(socket.getPeerCertificate().subject, certificate);
    return value ? { value, untilMs: certificate.validToDate.getTime() } : null;
  };
  return (socket) => {
    if (!(socket instanceof TLSSocket)) return undefined;
    const known = seen.get(socket);
    const found = known === undefined ? look(socket) : known;
    if (known === undefined) seen.set(socket, found);
    return found && nowMs() < found.untilMs ? found.value : undefined;
  };
}
