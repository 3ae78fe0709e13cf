export {
  CertificateError,
  ensureFrontDoorCertificates,
  ensureServerCertificates,
  frontDoorName,
  type ServerCertificates,
  serverNames,
} from './ensure-certificates.ts';
export { type KeyPair, makeAuthority, makeClientCertificate } from './make-certificates.ts';
export { writePrivateFile } from './write-private-file.ts';
