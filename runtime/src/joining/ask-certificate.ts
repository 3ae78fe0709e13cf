import type { KeyObject } from 'node:crypto';
import { ApiError, type KubeObject } from '@river/crds';
import { makeCertificateRequest } from '../certificates/certificate-request.ts';
import { CertificateError } from '../certificates/ensure-certificates.ts';
import type { ApiClient } from '../client/api-client.ts';
import { TransportError } from '../client/transport-error.ts';
import { type Clock, sleep } from '../clock/clock.ts';
import { certificatesGroup, inventoryAnnotation, nodeSigner, nodesGroup, nodeUsages, nodeUsername } from './node-names.ts';

export interface Asking {
  clock: Clock;
  signal?: AbortSignal;
  /** How long to wait for somebody to approve. */
  timeoutMs: number;
  /** Called once when the request is made and nobody has decided yet. */
  onWaiting?: (name: string) => void;
  /** Called once when the request is there. */
  onMade?: () => void;
}

export interface Wanted {
  /** Of the request: made from the key, so that asking again with the same key is the same request. */
  name: string;
  node: string;
  key: KeyObject;
  expirationSeconds?: number;
  /** JSON. */
  inventory?: string;
}

type RequestObject = KubeObject & {
  status?: { certificate?: string; conditions?: { type: string; reason?: string; message?: string }[] };
};

const firstPollMs = 100;
const slowestPollMs = 5_000;

/**
 * Asks for a node's certificate and waits until it is issued. Safe to repeat, also after it was killed at any point: the same key is
 * the same request.
 * @throws CertificateError when it was denied or given up, or the time is over; ApiError when the server refuses
 */
export async function askCertificate(client: ApiClient, wanted: Wanted, asking: Asking): Promise<string> {
  const { clock, signal, timeoutMs } = asking;
  const requests = client.resource<RequestObject>({
    group: certificatesGroup,
    version: 'v1',
    plural: 'certificatesigningrequests',
    namespaced: false,
  });
  const untilMs = clock.monotonicMs() + timeoutMs;
  const call = signal ? { signal } : {};
  const get = () => requests.get(wanted.name, call).catch(absent);
  const make = () => requests.create(requestObject(wanted), { fieldManager: 'river-node', ...call }).catch(unlessThere);
  let isWaitingSaid = false;
  let found = (await get()) ?? (await make());
  asking.onMade?.();
  for (let pollMs = firstPollMs; ; pollMs = Math.min(slowestPollMs, pollMs * 2)) {
    const certificate = found && outcome(found);
    if (certificate) return certificate;
    if (found && !isWaitingSaid && !isApproved(found)) asking.onWaiting?.(wanted.name);
    isWaitingSaid ||= found !== undefined && !isApproved(found);
    if (clock.monotonicMs() + pollMs > untilMs)
      throw new CertificateError(
        `nobody has issued ${wanted.name} within ${Math.round(timeoutMs / 1000)} s: have it approved, and try again`,
      );
    await sleep(clock, pollMs, signal);
    found = await get().catch(unlessUnreachable);
  }
}

const absent = (error: unknown): undefined => {
  if (!ApiError.is(error, 'NotFound')) throw error;
};
/** Made by us, before we were interrupted: the next look finds it. */
const unlessThere = (error: unknown): undefined => {
  if (!ApiError.is(error, 'AlreadyExists')) throw error;
};
/** A server that starts again is asked again. */
const unlessUnreachable = (error: unknown): undefined => {
  if (!TransportError.is(error) && !ApiError.is(error, 'ServiceUnavailable')) throw error;
};

const conditionsOf = ({ status }: RequestObject) => status?.conditions ?? [];
const isApproved = (request: RequestObject): boolean => conditionsOf(request).some(({ type }) => type === 'Approved');

/** The certificate, once it is there. @throws CertificateError when there will be none */
function outcome(request: RequestObject): string | undefined {
  for (const { type, reason = '', message = '' } of conditionsOf(request)) {
    if (type !== 'Denied' && type !== 'Failed') continue;
    const why = [reason, message].filter((text) => text !== '').join(': ');
    throw new CertificateError(`${request.metadata.name} was ${type === 'Denied' ? 'denied' : 'given up'}${why && ` (${why})`}`);
  }
  const certificate = request.status?.certificate;
  return certificate && Buffer.from(certificate, 'base64').toString();
}

function requestObject({ name, node, key, inventory, expirationSeconds }: Wanted): RequestObject {
  const pem = makeCertificateRequest(key, { commonName: nodeUsername(node), organizations: [nodesGroup] });
  return {
    apiVersion: `${certificatesGroup}/v1`,
    kind: 'CertificateSigningRequest',
    metadata: { name, ...(inventory && { annotations: { [inventoryAnnotation]: inventory } }) },
    spec: {
      request: Buffer.from(pem).toString('base64'),
      signerName: nodeSigner,
      usages: [...nodeUsages],
      ...(expirationSeconds !== undefined && { expirationSeconds }),
    },
  };
}
