import { ApiError } from '@river/crds';
import type { Revocations } from '@river/runtime';
import {
  type CertificateRequest,
  inventoryAnnotation,
  isRequestName,
  joinRequestPrefix,
  joinTokenIdOf,
  mostInventoryBytes,
  nodeNameOf,
  nodeSigner,
  nodeUsername,
  parseCertificateRequest,
  renewalPrefix,
} from '@river/runtime';
import type { AdmissionRequest } from '../admission/admission.ts';
import { findJoinToken, type StoredJoinToken } from '../authentication/join-tokens.ts';
import { nodeOf } from '../authorization/node-rights.ts';
import type { Feed } from '../cache/feed.ts';
import { asRequest, badValue, type CertificateSigningRequest, conditionOf } from '../kubernetes/certificate-request-rules.ts';
import { decodeObject, encodeStored } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { invalid } from '../schema/invalid.ts';
import { timestamp } from '../write/write-context.ts';
import type { RecentRenewals } from './recent-renewals.ts';
import { requestsPrefix } from './requests-prefix.ts';
import { objectionsTo, signerNamed } from './signers.ts';

interface Deps {
  feed: Feed;
  revocations: Pick<Revocations, 'voidBeforeMs'>;
  recent: RecentRenewals;
  now: () => Date;
}

const nodesPrefix = resourcePrefix('river.dev', 'nodes');
/** Of one node, finished ones included: they stay for an hour. */
const mostRenewals = 10;

/**
 * Writes down who asks, and refuses what no signer here would sign. What a node asks for itself, and what a join token that says
 * so asks for, is approved in the same step; so is the token used up.
 */
export function admitNewRequest(deps: Deps, admission: AdmissionRequest, asked: CertificateSigningRequest): void {
  const { requester } = admission.options;
  const { username, uid, groups, extra } = requester;
  const { spec } = asked;
  Object.assign(spec, { username, uid, groups: [...groups], extra: structuredClone(extra) });
  const request = requireSignable(admission, asked);
  const node = nodeOf(requester);
  const tokenId = joinTokenIdOf(username);
  if (node === undefined && tokenId === undefined) return;
  if (spec.signerName !== nodeSigner || !request) throw refused(`a node asks the signer ${nodeSigner} only`);
  const wanted = request.commonNames[0] ?? '';
  const reason = node === undefined ? useToken(deps, admission, asked, tokenId ?? '', wanted) : renew(deps, asked, node, wanted);
  if (reason === undefined) return;
  const now = timestamp(deps.now());
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message: reason,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  asked.status = { conditions: [condition] };
}

const refused = (message: string): ApiError =>
  new ApiError('Forbidden', `certificatesigningrequests.certificates.k8s.io is forbidden: ${message}`);

/** Other signers than this server's judge for themselves. */
function requireSignable({ target }: AdmissionRequest, asked: CertificateSigningRequest): CertificateRequest | undefined {
  const signer = signerNamed(asked.spec.signerName);
  if (!signer) return undefined;
  const request = parseCertificateRequest(Buffer.from(asked.spec.request, 'base64').toString());
  const causes = objectionsTo(signer, request, asked.spec.usages ?? []).map((message) => badValue('spec.request', message));
  const inventory = asked.metadata.annotations?.[inventoryAnnotation] ?? '';
  if (Buffer.byteLength(inventory) > mostInventoryBytes)
    causes.push(badValue(`metadata.annotations[${inventoryAnnotation}]`, `may not be larger than ${mostInventoryBytes} bytes`));
  if (causes.length > 0) throw invalid(target.kind, asked.metadata.name, causes);
  return request;
}

/** Why a renewal is approved. */
function renew({ feed, recent }: Deps, { metadata: { name } }: CertificateSigningRequest, node: string, wanted: string): string {
  if (wanted !== nodeUsername(node)) throw refused(`${nodeUsername(node)} may not ask for a certificate of ${wanted}`);
  const prefix = renewalPrefix(node);
  if (!isRequestName(name, prefix)) throw refused(`a node calls its requests ${prefix} and 16 hexadecimal digits`);
  const present = feed
    .cacheOf(requestsPrefix)
    .range(requestsPrefix + prefix)
    .map((other) => other.name);
  const others = new Set([...present.filter((other) => isRequestName(other, prefix)), ...recent.of(prefix)]);
  others.delete(name);
  if (others.size >= mostRenewals)
    throw new ApiError('TooManyRequests', `${nodeUsername(node)} has made ${mostRenewals} requests within the hour`, {
      details: { retryAfterSeconds: 600 },
    });
  recent.add(name);
  return 'a node renews its own certificate';
}

/** Takes the token in the same transaction, so that of many requests with it one is made. Says why it is approved, if it is. */
function useToken(
  { feed, revocations }: Deps,
  { beside }: AdmissionRequest,
  { metadata: { name } }: CertificateSigningRequest,
  id: string,
  wanted: string,
): string | undefined {
  const found = findJoinToken(feed, id);
  if (!found) throw refused(`there is no join token ${id} any more`);
  const { secret, token } = found;
  requireFit(token, id, name, wanted);
  const taken = decodeObject(secret.bytes);
  taken.data = { ...(taken.data as Record<string, string>), request: Buffer.from(name).toString('base64') }; // read as a token: it has data
  beside?.push({ key: secret.key, revision: secret.revision, value: encodeStored(taken) });
  if (!token.isAutomatic || isTaken({ feed, revocations }, wanted)) return undefined;
  // A Node that comes into being meanwhile takes the name.
  beside?.push({ key: nodeKey(wanted), revision: 0n });
  return `join token ${id} lets the first that shows it join`;
}

function requireFit(token: StoredJoinToken, id: string, name: string, wanted: string): void {
  const again = 'make another with: riverctl node join-token';
  if (token.usedFor !== undefined) throw refused(`the join token ${id} has been used already, for the request ${token.usedFor}: ${again}`);
  if (token.node !== undefined && wanted !== nodeUsername(token.node))
    throw refused(`the join token ${id} is for the node ${token.node} only, not for ${wanted}`);
  const prefix = joinRequestPrefix(id);
  if (!isRequestName(name, prefix)) throw refused(`the request of this token is called ${prefix} and 16 hexadecimal digits`);
}

const nodeKey = (username: string): string => nodesPrefix + (nodeNameOf(username) ?? '');

/** There is such a node, or somebody has a certificate in its name: who else wants it is looked at by a person. */
function isTaken({ feed, revocations }: Pick<Deps, 'feed' | 'revocations'>, username: string): boolean {
  if (feed.cacheOf(nodesPrefix).get(nodeKey(username))) return true;
  return feed
    .cacheOf(requestsPrefix)
    .range(requestsPrefix)
    .map(({ bytes }) => asRequest(decodeObject(bytes)))
    .filter(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') >= revocations.voidBeforeMs(username))
    .some((other) => other.spec.signerName === nodeSigner && conditionOf(other, 'Approved') && commonNameOf(other) === username);
}

/** It was read when it was made. */
const commonNameOf = ({ spec }: CertificateSigningRequest): string | undefined =>
  parseCertificateRequest(Buffer.from(spec.request, 'base64').toString()).commonNames[0];
