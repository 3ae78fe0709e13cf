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

const requestHashLength = 16;

/** Names the same key the same, whoever asks, and however often. */
export const keyHash = (key: KeyObject): string =>
  createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, requestHashLength);

/** What the requests by which a node renews its certificate are called, without the hash of their key. */
export const renewalPrefix = (node: string): string => `node-${node}-`;

const hash = /^[0-9a-f]{16}$/;
export const isRequestName = (name: string, prefix: string): boolean => name.startsWith(prefix) && hash.test(name.slice(prefix.length));
