import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '@river/crds';
import { type ApiClient, certificatesGroup, DerError, nodeNameOf, nodeSigner, parseCertificateRequest } from '@river/runtime';
import { CommandError } from '../command/exit-code.ts';

/** A request for a node's certificate, as far as these commands look into it. */
export type NodeRequest = KubeObject & {
  spec: { request: string; signerName: string; username?: string; extra?: Record<string, string[]>; expirationSeconds?: number };
  status?: { certificate?: string; conditions?: { type: string; status: string; reason?: string; message?: string }[] };
};

export const requestsOf = (client: ApiClient) =>
  client.resource<NodeRequest>({ group: certificatesGroup, version: 'v1', plural: 'certificatesigningrequests', namespaced: false });

/** The node that a request is about; nothing when it cannot be read. */
export function nodeIn({ spec }: NodeRequest): string | undefined {
  try {
    const [name = ''] = parseCertificateRequest(Buffer.from(spec.request, 'base64').toString()).commonNames;
    return nodeNameOf(name);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

export const isPending = ({ status }: NodeRequest): boolean =>
  !(status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied' || type === 'Failed');

export const certificateIn = ({ status }: NodeRequest): X509Certificate | undefined =>
  status?.certificate ? new X509Certificate(Buffer.from(status.certificate, 'base64')) : undefined;

/** All requests to the signer of nodes. */
export async function nodeRequests(client: ApiClient): Promise<NodeRequest[]> {
  const { items } = await requestsOf(client).list({ fieldSelector: `spec.signerName=${nodeSigner}` });
  return items;
}

/** The one request that waits and has this name, or is about this node. */
export async function pendingRequest(client: ApiClient, text: string): Promise<NodeRequest> {
  const waiting = (await nodeRequests(client)).filter(isPending);
  const found = waiting.filter((request) => request.metadata.name === text || nodeIn(request) === text);
  const [only, ...more] = found;
  if (only && more.length === 0) return only;
  const names = (requests: readonly NodeRequest[]) => requests.map(({ metadata }) => metadata.name).join(', ');
  if (only) throw new CommandError('conflict', `several requests of node ${text} wait: name one of ${names(found)}`);
  const others = waiting.length > 0 ? `; these wait: ${names(waiting)}` : '';
  throw new CommandError('notFound', `no request of that name, or of a node of that name, waits: ${text}${others}`, 'NotFound');
}
