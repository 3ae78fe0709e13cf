import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type Json, type JsonObject } from '@river/crds';
import { CertificateError } from '../certificates/ensure-certificates.ts';
import { writePrivateFile } from '../files/write-private-file.ts';
import type { ClusterAccess } from '../kubeconfig/cluster-access.ts';
import { kubeconfigText } from '../kubeconfig/kubeconfig-text.ts';
import { keyHash, nodeUsername } from './node-names.ts';

/** Who a node is: what its kubeconfig says, all of it in one file, so that it changes in one step. */
export interface NodeIdentity {
  node: string;
  access: ClusterAccess & { clientCertificate: { certificate: string; key: string }; certificateAuthority: string };
  validFromMs: number;
  validToMs: number;
}

/**
 * A folder with the identity of one node (0700, its files 0600). `kubeconfig` is what counts; client.key, client.crt and ca.crt say
 * the same for other programs. A key is there before anything is asked for it, and stays until it is answered.
 */
export interface IdentityFolder {
  kubeconfig: string;
  /** Nothing when the node has not joined. @throws CertificateError when the file is there and cannot be used */
  read(): NodeIdentity | undefined;
  /** The authority's certificates (PEM), once they were checked. */
  authority(): string | undefined;
  keepAuthority(pem: string): void;
  /** The key that the first certificate is for: the one that is there, or a new one. */
  firstKey(): KeyObject;
  /** The same for the next certificate. */
  nextKey(): KeyObject;
  /** Makes this the identity. */
  keep(identity: { server: string; authority: string; node: string; key: KeyObject; certificate: string }): NodeIdentity;
  /** Brings in order what a program that was killed has left half done. */
  mend(): void;
}

export function identityFolder(dir: string): IdentityFolder {
  const at = (name: string) => join(dir, name);
  const [kubeconfig, firstKey, nextKey] = [at('kubeconfig'), at('client.key'), at('next.key')];
  const textOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  const read = () => {
    const text = textOf(kubeconfig);
    return text === undefined ? undefined : readIdentity(kubeconfig, text);
  };
  const mend = () => {
    const identity = read();
    if (!identity) return;
    const { certificate, key } = identity.access.clientCertificate;
    for (const [file, text] of [
      [firstKey, key],
      [at('client.crt'), certificate],
    ] as const)
      if (textOf(file) !== text) writePrivateFile(file, text);
    if (textOf(nextKey) === key) rmSync(nextKey, { force: true });
  };
  return {
    kubeconfig,
    read,
    mend,
    authority: () => textOf(at('ca.crt')),
    keepAuthority: (pem) => writePrivateFile(at('ca.crt'), pem),
    firstKey: () => ensureKey(firstKey),
    nextKey: () => ensureKey(nextKey),
    keep({ server, authority, node, key, certificate }) {
      const pem = pemOfKey(key);
      if (!new X509Certificate(certificate).checkPrivateKey(key))
        throw new CertificateError('the certificate that came is not for the key of this node');
      const credentials = { certificate, key: pem };
      writePrivateFile(kubeconfig, kubeconfigText({ server, authority, user: nodeUsername(node), credentials }));
      mend();
      return readIdentity(kubeconfig, readFileSync(kubeconfig, 'utf8'));
    },
  };
}

const pemOfKey = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function ensureKey(file: string): KeyObject {
  if (existsSync(file)) {
    try {
      return createPrivateKey(readFileSync(file, 'utf8'));
    } catch (cause) {
      throw new CertificateError(`${file} is not a readable private key: remove it to have a new one made`, { cause });
    }
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writePrivateFile(file, pemOfKey(privateKey));
  return privateKey;
}

function readIdentity(file: string, text: string): NodeIdentity {
  try {
    const config: Json = JSON.parse(text);
    const [cluster, user] = [first(config, 'clusters'), first(config, 'users')];
    const pem = (part: JsonObject, field: string) => Buffer.from(textIn(part, field), 'base64').toString();
    const credentials = within(user, 'user');
    const certificate = pem(credentials, 'client-certificate-data');
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    const key = pem(credentials, 'client-key-data');
    keyHash(createPrivateKey(key));
    const server = textIn(within(cluster, 'cluster'), 'server');
    const certificateAuthority = pem(within(cluster, 'cluster'), 'certificate-authority-data');
    return {
      node: textIn(user, 'name').slice(nodeUsername('').length),
      access: { server, certificateAuthority, clientCertificate: { certificate, key }, namespace: 'default' },
      validFromMs: validFromDate.getTime(),
      validToMs: validToDate.getTime(),
    };
  } catch (cause) {
    throw new CertificateError(`${file} is not the kubeconfig of a node: restore it, or remove it and join again`, { cause });
  }
}

function first(config: Json, list: string): JsonObject {
  const found = isObject(config) && Array.isArray(config[list]) ? config[list][0] : undefined;
  if (!isObject(found)) throw new TypeError(`${list} is empty`);
  return found;
}

function within(part: JsonObject, field: string): JsonObject {
  const found = part[field];
  if (!isObject(found)) throw new TypeError(`${field} is missing`);
  return found;
}

function textIn(part: JsonObject, field: string): string {
  const found = part[field];
  if (typeof found !== 'string' || found === '') throw new TypeError(`${field} is missing`);
  return found;
}
