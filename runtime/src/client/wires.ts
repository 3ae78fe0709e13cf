import type { Clock } from '../clock/clock.ts';
import type { ClusterAccess } from '../kubeconfig/cluster-access.ts';
import type { Credential, CredentialSource } from './exec-credential.ts';
import { type Transport, transport } from './transport.ts';

export interface Wires {
  /** What the next request goes over, and by which token if not by what the access itself says. */
  current(): Promise<{ wire: Transport; token?: string; refused(): void }> | { wire: Transport; token?: string; refused(): void };
  close(): void;
}

const ignore = () => undefined;

/** The connections to one server: others when a program gives another certificate. */
export function wiresOf(access: ClusterAccess, clock: Clock): Wires {
  const { exec } = access;
  if (!exec) {
    const only = { wire: transport(access, clock), refused: ignore };
    return { current: () => only, close: () => only.wire.close() };
  }
  let source: Promise<CredentialSource> | undefined;
  let certificate: Credential['clientCertificate'];
  let wire = transport(access, clock);
  /** Its last requests may still be on their way. */
  let former: Transport | undefined;
  return {
    async current() {
      source ??= import('./exec-credential.ts').then(({ execCredential }) => execCredential(exec, clock));
      const credentials = await source;
      const { token, clientCertificate } = await credentials.get();
      if (clientCertificate?.certificate !== certificate?.certificate) {
        certificate = clientCertificate;
        former?.close();
        former = wire;
        wire = transport({ ...access, ...(clientCertificate && { clientCertificate }) }, clock);
      }
      return { wire, ...(token !== undefined && { token }), refused: credentials.forget };
    },
    close() {
      former?.close();
      wire.close();
    },
  };
}
