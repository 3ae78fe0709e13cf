import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** The words that a node, its API server and riverctl share. */

export const nodeSigner = 'river.dev/node-client';
/** What a request says of the machine that makes it, as JSON, for who approves it. Nobody has checked it. */
export const inventoryAnnotation = 'river.dev/inventory';
export const mostInventoryBytes = 16 * 1024;
export const certificatesGroup = 'certificates.k8s.io';
export const nodeUsages: readonly string[] = ['client auth', 'digital signature'];

export const nodesGroup = 'system:nodes';
const nodeUser = 'system:node:';
export const nodeUsername = (node: string): string => nodeUser + node;
/** The node that a user of this name is. */
export const nodeNameOf = (username: string): string | undefined =>
  username.startsWith(nodeUser) && username.length > nodeUser.length ? username.slice(nodeUser.length) : undefined;
/** Leaves room for what is put around it in names of other objects. */
export const longestNodeName = 200;

const joinUser = 'system:bootstrap:';
export const joinUsername = (id: string): string => joinUser + id;
/** The join token that somebody shows. */
export const joinTokenIdOf = (username: string): string | undefined =>
  username.startsWith(joinUser) ? username.slice(joinUser.length) : undefined;

export const joinTokenType = 'river.dev/join-token';
export const joinTokenNamespace = 'river-system';
export const joinTokenName = (id: string): string => `join-${id}`;
export const longestJoinTokenMs = 7 * 24 * 60 * 60 * 1000;

const requestHashLength = 16;

/** Names the same key the same, whoever asks, and however often. */
export const keyHash = (key: KeyObject): string =>
  createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, requestHashLength);

/** What the requests that a join token makes are called, without the hash of their key. */
export const joinRequestPrefix = (id: string): string => `join-${id}-`;
/** The same, of the requests by which a node renews its certificate. */
export const renewalPrefix = (node: string): string => `node-${node}-`;

const hash = /^[0-9a-f]{16}$/;
export const isRequestName = (name: string, prefix: string): boolean => name.startsWith(prefix) && hash.test(name.slice(prefix.length));

/** What a person is given: the part that is shown to the server, and the hash by which the node knows the server's authority. */
export interface JoinToken {
  id: string;
  bearer: string;
  authorityHash: string;
}

const joinTokenPattern = /^(([a-z0-9]{10})\.[A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/;

/** Nothing when the text is no join token. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, bearer, id, authorityHash] = joinTokenPattern.exec(text.trim()) ?? [];
  return bearer && id && authorityHash ? { id, bearer, authorityHash } : undefined;
}

const certificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Of the certificates in a PEM text, whatever stands around them. */
export function authorityHash(pem: string): string {
  const sum = createHash('sha256');
  for (const [block] of pem.matchAll(certificate)) sum.update(Buffer.from(block.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'));
  return sum.digest('hex');
}
