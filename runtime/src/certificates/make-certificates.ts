import { type KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { Extension, JsonName, PublicKey } from '@peculiar/x509';
import { provideReflectMetadata } from './reflect-metadata.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 60 * 60 * 1000;
/** A clock that is a little behind ours must not find the certificate "not yet valid". */
export const clockSkewMs = 5 * 60 * 1000;

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
}

/** Loaded only when something must be made: who merely reads certificates does not pay for the library. */
const loadX509 = async () => {
  provideReflectMetadata();
  return import('@peculiar/x509');
};

const makeKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

const pemOfKey = async (key: webcrypto.CryptoKey): Promise<string> => {
  const body = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${body.replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`;
};

const readKey = (pem: string): Promise<webcrypto.CryptoKey> => {
  const body = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', body, algorithm, false, ['sign']);
};

const serial = (): string => {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40; // positive, and never shorter than 16 bytes
  return Buffer.from(bytes).toString('hex');
};

/** A certificate authority of its own, good for ten years, that may sign servers and nothing that signs in turn. */
export const makeAuthority = async (now: Date, name = 'River CA'): Promise<KeyPair> => {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const id = serial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name} ${id.slice(0, 8)}`,
    keys,
    serialNumber: id,
    notBefore: new Date(now.getTime() - clockSkewMs),
    notAfter: new Date(now.getTime() + 3650 * dayMs),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOfKey(keys.privateKey) };
};

/** A server certificate for `names` (host names and addresses), good for a year, never longer than its authority. */
export const makeServerCertificate = async (authority: KeyPair, names: readonly string[], now: Date): Promise<KeyPair> => {
  const x509 = await loadX509();
  const alternatives = names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
  return sign(authority, {
    subject: [{ CN: ['River API server'] }],
    usage: x509.ExtendedKeyUsage.serverAuth,
    also: [new x509.SubjectAlternativeNameExtension(alternatives)],
    now,
    days: 365,
  });
};

/** By this a client shows who it is: its name is the common name, its groups are the organizations, as Kubernetes reads them. */
export const makeClientCertificate = async (
  authority: KeyPair,
  { username, groups }: { username: string; groups: readonly string[] },
  now: Date,
  days = 365,
): Promise<KeyPair> => {
  const x509 = await loadX509();
  const subject = [{ CN: [username] }, ...groups.map((group) => ({ O: [group] }))];
  return sign(authority, { subject, usage: x509.ExtendedKeyUsage.clientAuth, also: [], now, days });
};

interface Signing {
  subject: JsonName;
  usage: string;
  also: Extension[];
  now: Date;
  days: number;
}

async function sign(authority: KeyPair, { now, days, ...signing }: Signing): Promise<KeyPair> {
  const { PublicKey } = await loadX509();
  const keys = await makeKeys();
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  const from = new Date(now.getTime() - clockSkewMs);
  const until = new Date(now.getTime() + days * dayMs);
  const certificate = await issue(authority, { ...signing, publicKey: new PublicKey(spki), from, until });
  return { certificate, key: await pemOfKey(keys.privateKey) };
}

/** A client certificate for a key that somebody else has, never for longer than its authority. */
export const signClientCertificate = async (authority: KeyPair, wanted: ClientCertificate): Promise<string> => {
  const x509 = await loadX509();
  const { commonName, organizations, publicKey, from, until } = wanted;
  return issue(authority, {
    subject: [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }],
    usage: x509.ExtendedKeyUsage.clientAuth,
    also: [],
    publicKey: new x509.PublicKey(publicKey.export({ type: 'spki', format: 'der' })),
    from,
    until,
  });
};

export interface ClientCertificate {
  commonName: string;
  organizations: readonly string[];
  publicKey: KeyObject;
  from: Date;
  until: Date;
}

type Issue = Omit<Signing, 'now' | 'days'> & { publicKey: PublicKey; from: Date; until: Date };

async function issue(authority: KeyPair, { subject, usage, also, publicKey, from, until }: Issue): Promise<string> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer.subject,
    publicKey,
    signingKey: await readKey(authority.key),
    serialNumber: serial(),
    notBefore: from,
    notAfter: new Date(Math.min(until.getTime(), issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...also,
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
