export { CertificateError, ensureServerCertificates, type ServerCertificates, serverNames } from './ensure-certificates.ts';
export { writePrivateFile } from './write-private-file.ts';
