/**
 * What every program shares that talks to the API: where the server is, a client, a cache, a queue, a clock.
 * Cheap to import: nothing here loads a parser, a schema or a metrics library before it is used.
 * @module
 */
export {
  auditFileName,
  auditFilesIn,
  type ChainHead,
  chainStart,
  type FileLine,
  firstSeqOf,
  type LinePlace,
  linesIn,
  placeOf,
  sealLine,
} from './audit-log/index.ts';
export {
  type Asking,
  askCertificate,
  authorityHash,
  CertificateError,
  type CertificateRequest,
  type ClientCertificate,
  certificatesGroup,
  clockSkewMs,
  DerError,
  ensureFrontDoorCertificates,
  ensureServerCertificates,
  frontDoorName,
  type Inventory,
  identityFolder,
  inventoryAnnotation,
  isRequestName,
  type Joining,
  type JoinToken,
  joinNode,
  joinRequestPrefix,
  joinTokenIdOf,
  joinTokenName,
  joinTokenNamespace,
  joinTokenType,
  joinUsername,
  type KeepingCertificate,
  type KeyPair,
  keepCertificate,
  keyHash,
  longestJoinTokenMs,
  longestNodeName,
  makeAuthority,
  makeCertificateRequest,
  makeClientCertificate,
  mostInventoryBytes,
  type NodeIdentity,
  nodeNameOf,
  nodeSigner,
  nodesGroup,
  nodeUsages,
  nodeUsername,
  parseCertificateRequest,
  parseJoinToken,
  planCertificate,
  type Renewing,
  readAuthority,
  readInventory,
  renewalPrefix,
  renewCertificate,
  type ServerCertificates,
  serverNames,
  signClientCertificate,
  type Wanted,
  writePrivateFile,
} from './certificates/index.ts';
export {
  type ApiClient,
  type ApiClientOptions,
  type ApiRequest,
  type ApiResponse,
  apiClient,
  type Query,
  type StreamRequest,
} from './client/api-client.ts';
export { type DiscoveredResource, type Discovery, discover } from './client/discovery.ts';
export type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  InNamespace,
  ListOptions,
  ListPage,
  PatchOptions,
  ResourceClient,
  WatchOptions,
  WriteOptions,
} from './client/resource-client.ts';
export { type ResourceRef, resourcePath } from './client/resource-path.ts';
export { TransportError, type TransportReason } from './client/transport-error.ts';
export type { WatchEvent } from './client/watch-frames.ts';
export { type Clock, sleep } from './clock/clock.ts';
export { type ManualClock, manualClock } from './clock/manual-clock.ts';
export { systemClock } from './clock/system-clock.ts';
export { type Informer, type InformerHandlers, type InformerOptions, informer } from './informer/informer.ts';
export type { Change, Indexes } from './informer/object-cache.ts';
export type { ClusterAccess } from './kubeconfig/cluster-access.ts';
export { KubeconfigError } from './kubeconfig/kubeconfig-error.ts';
export { type KubeconfigContent, kubeconfigText } from './kubeconfig/kubeconfig-text.ts';
export { type AccessFlags, type KubeconfigSources, kubeconfigFiles, loadKubeconfig } from './kubeconfig/load-kubeconfig.ts';
export { type LogFields, type Logger, type LoggerOptions, type LogLevel, logger, silentLogger } from './log/logger.ts';
export { jittered, type Random, systemRandom } from './random/random.ts';
export { type Backoff, backoffMs } from './reconcile/backoff.ts';
export { type WorkQueue, type WorkQueueOptions, workQueue } from './reconcile/work-queue.ts';
export type { KeyReport } from './secret-keys/key-report.ts';
export { addKey, type KeyRing, KeyRingError, keepKeys, newKey, newKeyRing, type RingKey, useKey } from './secret-keys/key-ring.ts';
export { ensureKeyRing, readKeyRing, readKeyRingIfAny, writeKeyRing } from './secret-keys/key-ring-file.ts';
