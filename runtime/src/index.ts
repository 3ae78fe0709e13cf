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
export { type Authority, authorityOf, requireApart, shownCertificates } from './certificates/authority.ts';
export { type CertificateHolder, certificateHolders } from './certificates/certificate-holder.ts';
export { type CertificateRequest, makeCertificateRequest, parseCertificateRequest } from './certificates/certificate-request.ts';
export { DerError } from './certificates/der.ts';
export {
  CertificateError,
  ensureFrontDoorCertificates,
  ensureServerCertificates,
  frontDoorName,
  readAuthority,
  type ServerCertificates,
  serverNames,
} from './certificates/ensure-certificates.ts';
export {
  type ClientCertificate,
  clockSkewMs,
  type KeyPair,
  makeAuthority,
  makeClientCertificate,
  signClientCertificate,
} from './certificates/make-certificates.ts';
export {
  checkRevocations,
  isRevocationList,
  overdueEntries,
  type Revocations,
  revocationsIn,
  revokedCertificates,
} from './certificates/revocation-list.ts';
export {
  type ApiClient,
  type ApiClientOptions,
  type ApiRequest,
  type ApiResponse,
  apiClient,
  type Query,
  type StreamRequest,
} from './client/api-client.ts';
export { statusFailure } from './client/api-failure.ts';
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
export { writePrivateFile } from './files/write-private-file.ts';
export { gatewayAddresses, gatewayMap } from './gateway/gateway-addresses.ts';
export {
  answersPath,
  askLine,
  beatLine,
  endLine,
  type LinkLine,
  linkBeatMs,
  linkPath,
  linkSilenceMs,
  type OutputAsk,
  parseLinkLine,
} from './gateway/link-lines.ts';
export { type Informer, type InformerHandlers, type InformerOptions, informer } from './informer/informer.ts';
export type { Change, Indexes } from './informer/object-cache.ts';
export { type Asking, askCertificate, type Wanted } from './joining/ask-certificate.ts';
export { identityFolder, type NodeIdentity } from './joining/identity-folder.ts';
export { type Joining, joinNode, type Renewing, renewCertificate } from './joining/join-node.ts';
export {
  authorityHash,
  type JoinToken,
  joinRequestPrefix,
  joinTokenIdOf,
  joinTokenName,
  joinTokenNamespace,
  joinTokenType,
  joinUsername,
  longestJoinTokenMs,
  parseJoinToken,
} from './joining/join-token.ts';
export { type KeepingCertificate, keepCertificate, planCertificate } from './joining/keep-certificate.ts';
export {
  certificatesGroup,
  inventoryAnnotation,
  isRequestName,
  keyHash,
  longestNodeName,
  mostInventoryBytes,
  nodeNameOf,
  nodeSigner,
  nodesGroup,
  nodeUsages,
  nodeUsername,
  renewalPrefix,
} from './joining/node-names.ts';
export { type Inventory, readInventory } from './joining/read-inventory.ts';
export type { ClusterAccess } from './kubeconfig/cluster-access.ts';
export { KubeconfigError } from './kubeconfig/kubeconfig-error.ts';
export { type KubeconfigContent, kubeconfigText } from './kubeconfig/kubeconfig-text.ts';
export { type AccessFlags, type KubeconfigSources, kubeconfigFiles, loadKubeconfig } from './kubeconfig/load-kubeconfig.ts';
export { type LogFields, type Logger, type LoggerOptions, type LogLevel, logger, silentLogger } from './log/logger.ts';
export { beatFrame, FrameError, type FrameReader, frameReader, outputFrame, outputType } from './output/output-frames.ts';
export type { OutputLine, OutputQuery, OutputStream } from './output/output-line.ts';
export { type OutputPosition, outputPosition } from './output/output-position.ts';
export { completed, type Person, readPerson } from './people/read-person.ts';
export { jittered, type Random, systemRandom } from './random/random.ts';
export { type Backoff, backoffMs } from './reconcile/backoff.ts';
export { type WorkQueue, type WorkQueueOptions, workQueue } from './reconcile/work-queue.ts';
export type { KeyReport } from './secret-keys/key-report.ts';
export { addKey, type KeyRing, KeyRingError, keepKeys, newKey, newKeyRing, type RingKey, useKey } from './secret-keys/key-ring.ts';
export { ensureKeyRing, readKeyRing, readKeyRingIfAny, writeKeyRing } from './secret-keys/key-ring-file.ts';
export { type InFlight, type InFlightLimits, inFlight } from './serving/in-flight.ts';
export { type ConnectionLimits, type ListenOptions, listen } from './serving/listen.ts';
export { type Turns, turns } from './serving/turns.ts';
