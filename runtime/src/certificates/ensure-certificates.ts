import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writePrivateFile } from '../files/write-private-file.ts';
import { type KeyPair, makeAuthority, makeClientCertificate, makeServerCertificate } from './make-certificates.ts';

/** Where a server's identity lies, and the authority that its clients must trust (PEM). */
export interface ServerCertificates {
  caFile: string;
  caKeyFile: string;
  certFile: string;
  keyFile: string;
  ca: string;
}

/** A file of the identity cannot be used. The message names it and says what to do. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

interface Options {
  /** The folder that holds ca.crt, ca.key, server.crt and server.key. */
  dir: string;
  /** Begins the names of the server's own files. Default `server`. */
  server?: string;
  /** Host names and addresses beside the ones every server has: loopback, localhost, this host's name. */
  names?: readonly string[];
  now: Date;
}

const wildcards = new Set(['0.0.0.0', '::']);
const isDnsName = (name: string) => /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(name);

/** The names that a server answers to. What a certificate cannot say (a host name with an underscore) is left out. */
export const serverNames = (extra: readonly string[] = [], host = hostname()): string[] => {
  const names = ['127.0.0.1', '::1', 'localhost', host, ...extra];
  return [...new Set(names)].filter((name) => !wildcards.has(name) && (isIP(name) > 0 || isDnsName(name)));
};

const parse = <T>(file: string, what: string, read: (pem: string) => T, remedy: string): T => {
  try {
    return read(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CertificateError(`${file} is not a readable ${what}: ${remedy}`, { cause });
  }
};

const readPair = (certFile: string, keyFile: string, remedy: string): { certificate: X509Certificate; pair: KeyPair } => {
  const certificate = parse(certFile, 'certificate', (pem) => new X509Certificate(pem), remedy);
  const key = parse(keyFile, 'private key', (pem) => ({ pem, key: createPrivateKey(pem) }), remedy);
  if (!certificate.checkPrivateKey(key.key)) throw new CertificateError(`${keyFile} is not the key of ${certFile}: ${remedy}`);
  return { certificate, pair: { certificate: readFileSync(certFile, 'utf8'), key: key.pem } };
};

/** The key is written first: a certificate that exists always had its key before it. */
const writePair = (certFile: string, keyFile: string, pair: KeyPair): void => {
  writePrivateFile(keyFile, pair.key);
  writePrivateFile(certFile, pair.certificate);
};

const filesOf = (dir: string, name: string): [certFile: string, keyFile: string] => [join(dir, `${name}.crt`), join(dir, `${name}.key`)];

const ensureAuthority = async (
  dir: string,
  { file, title }: { file: string; title: string },
  now: Date,
): Promise<{ certificate: X509Certificate; pair: KeyPair }> => {
  const [certFile, keyFile] = filesOf(dir, file);
  const remedy = `restore it from a backup, or remove ${dir} to have everything made anew (each client then needs the new kubeconfig)`;
  if (!existsSync(certFile)) writePair(certFile, keyFile, await makeAuthority(now, title));
  const authority = readPair(certFile, keyFile, remedy);
  if (authority.certificate.validToDate <= now) throw new CertificateError(`${certFile} has expired: remove ${dir} to have a new one made`);
  return authority;
};

/**
 * The authority that signs clients: its certificate, and its key as {@link signClientCertificate} takes it.
 * @throws CertificateError when one of the files cannot be used
 */
export const readAuthority = (certFile: string, keyFile: string): KeyPair => {
  const { pair } = readPair(certFile, keyFile, 'name the files of one authority');
  const key = createPrivateKey(pair.key);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new CertificateError(`${keyFile} is not an EC key on P-256, which is what clients are signed with`);
  return { certificate: pair.certificate, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
};

const covers = (certificate: X509Certificate, names: readonly string[]): boolean =>
  names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' })) !== undefined);

/** Past two thirds of its life: early enough that a server that restarts a few times a year never shows an expired one. */
const isDue = (certificate: X509Certificate, now: Date): boolean => {
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  return now.getTime() >= from + ((to - from) * 2) / 3 || now.getTime() < from;
};

/**
 * Makes what is missing or due, keeps the rest: an authority (ten years) and a server certificate signed by it (one year,
 * renewed after two thirds of it, or when it lacks a name). Safe to repeat; for one process at a time.
 * @throws CertificateError when a file is there but unusable; nothing is overwritten then.
 */
export const ensureServerCertificates = async ({ dir, server = 'server', names = [], now }: Options): Promise<ServerCertificates> => {
  const authority = await ensureAuthority(dir, { file: 'ca', title: 'River CA' }, now);
  const [certFile, keyFile] = filesOf(dir, server);
  const wanted = serverNames(names);
  const isGood = () => {
    if (!existsSync(certFile)) return false;
    const { certificate } = readPair(certFile, keyFile, `remove ${certFile} to have a new one made`);
    return covers(certificate, wanted) && !isDue(certificate, now) && certificate.verify(authority.certificate.publicKey);
  };
  if (!isGood()) writePair(certFile, keyFile, await makeServerCertificate(authority.pair, wanted, now));
  return { caFile: join(dir, 'ca.crt'), caKeyFile: join(dir, 'ca.key'), certFile, keyFile, ca: authority.pair.certificate };
};

/** The name that a front door's certificate bears unless the server was told others. */
export const frontDoorName = 'front-proxy';

/**
 * Makes what is missing or due, keeps the rest: the front doors' own authority, and a certificate by which one shows the API server that it is
 * a front door. Gives the authority's file.
 * @throws CertificateError
 */
export const ensureFrontDoorCertificates = async ({ dir, now }: Pick<Options, 'dir' | 'now'>): Promise<{ caFile: string }> => {
  const authority = await ensureAuthority(dir, { file: 'front-ca', title: 'River front CA' }, now);
  const [certFile, keyFile] = filesOf(dir, frontDoorName);
  const isGood = () => {
    if (!existsSync(certFile)) return false;
    const { certificate } = readPair(certFile, keyFile, `remove ${certFile} to have a new one made`);
    return !isDue(certificate, now) && certificate.verify(authority.certificate.publicKey);
  };
  if (!isGood()) writePair(certFile, keyFile, await makeClientCertificate(authority.pair, { username: frontDoorName, groups: [] }, now));
  return { caFile: join(dir, 'front-ca.crt') };
};
