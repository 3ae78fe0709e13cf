export { type Asking, askCertificate, type Wanted } from './ask-certificate.ts';
export { type CertificateRequest, makeCertificateRequest, parseCertificateRequest } from './certificate-request.ts';
export { DerError } from './der.ts';
export {
  CertificateError,
  ensureFrontDoorCertificates,
  ensureServerCertificates,
  frontDoorName,
  readAuthority,
  type ServerCertificates,
  serverNames,
} from './ensure-certificates.ts';
export { identityFolder, type NodeIdentity } from './identity-folder.ts';
export { type Joining, joinNode, type Renewing, renewCertificate } from './join-node.ts';
export { type KeepingCertificate, keepCertificate, planCertificate } from './keep-certificate.ts';
export {
  type ClientCertificate,
  clockSkewMs,
  type KeyPair,
  makeAuthority,
  makeClientCertificate,
  signClientCertificate,
} from './make-certificates.ts';
export {
  authorityHash,
  certificatesGroup,
  inventoryAnnotation,
  isRequestName,
  type JoinToken,
  joinRequestPrefix,
  joinTokenIdOf,
  joinTokenName,
  joinTokenNamespace,
  joinTokenType,
  joinUsername,
  keyHash,
  longestJoinTokenMs,
  longestNodeName,
  mostInventoryBytes,
  nodeNameOf,
  nodeSigner,
  nodesGroup,
  nodeUsages,
  nodeUsername,
  parseJoinToken,
  renewalPrefix,
} from './node-identity.ts';
export { type Inventory, readInventory } from './read-inventory.ts';
export { writePrivateFile } from './write-private-file.ts';
