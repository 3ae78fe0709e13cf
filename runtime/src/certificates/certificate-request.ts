import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { bytesOfPem, children, DerError, type DerValue, der, pemOf, readDer, tags } from './der.ts';

/** What a PKCS#10 request says. Whether its signature is right is asked apart: it costs. */
export interface CertificateRequest {
  commonNames: string[];
  organizations: string[];
  /** Object identifiers of what else its subject says. */
  otherNames: string[];
  /** It asks for extensions, or has attributes of another kind. */
  hasAttributes: boolean;
  publicKey: KeyObject;
  /** Whether who made it has the private key. Of keys and signatures that are not known: false. */
  isSigned(): boolean;
}

const label = 'CERTIFICATE REQUEST';
const mostBytes = 16 * 1024;
const version0 = Buffer.from([0]);

const oids = {
  commonName: Buffer.from('550403', 'hex'),
  organization: Buffer.from('55040a', 'hex'),
  ecdsaSha256: Buffer.from('2a8648ce3d040302', 'hex'),
};

/** Hash (null: the key has its own), and type of key, by the identifier of the signature's algorithm. */
const signatures: Readonly<Record<string, { hash: string | null; key: string }>> = {
  '2a8648ce3d040302': { hash: 'sha256', key: 'ec' },
  '2a8648ce3d040303': { hash: 'sha384', key: 'ec' },
  '2a8648ce3d040304': { hash: 'sha512', key: 'ec' },
  '2a864886f70d01010b': { hash: 'sha256', key: 'rsa' },
  '2a864886f70d01010c': { hash: 'sha384', key: 'rsa' },
  '2a864886f70d01010d': { hash: 'sha512', key: 'rsa' },
  '2b6570': { hash: null, key: 'ed25519' },
};

/**
 * Reads a request as strictly as DER is meant to be read.
 * @throws DerError
 */
export function parseCertificateRequest(pem: string): CertificateRequest {
  if (pem.length > 2 * mostBytes) throw new DerError(`it is larger than ${mostBytes} bytes`);
  const [request, ...rest] = readDer(bytesOfPem(pem, label));
  const [info, algorithm, signature, ...more] = children(request, tags.sequence, 'the request');
  if (rest.length > 0 || more.length > 0) throw new DerError('something follows the request');
  const [version, subject, key, attributes, ...others] = children(info, tags.sequence, 'what is asked');
  if (version?.tag !== tags.integer || !version.body.equals(version0)) throw new DerError('its version is not 1');
  if (key?.tag !== tags.sequence) throw new DerError('its public key is missing');
  if (others.length > 0 || attributes?.tag !== tags.context0) throw new DerError('its attributes are missing, or followed by something');
  if (signature?.tag !== tags.bits || signature.body[0] !== 0) throw new DerError('its signature is missing');
  const [signedBy] = children(algorithm, tags.sequence, 'the algorithm of its signature');
  const publicKey = readKey(key.whole);
  return {
    ...readSubject(subject),
    hasAttributes: readDer(attributes.body).length > 0,
    publicKey,
    isSigned: () => isSignedBy(publicKey, signedBy, info?.whole ?? version0, signature.body.subarray(1)),
  };
}

function readKey(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new DerError('its public key cannot be read', { cause });
  }
}

function isSignedBy(key: KeyObject, algorithm: DerValue | undefined, signed: Buffer, signature: Buffer): boolean {
  const id = algorithm?.tag === tags.oid ? algorithm.body.toString('hex') : '';
  const known = Object.hasOwn(signatures, id) ? signatures[id] : undefined;
  return known !== undefined && known.key === key.asymmetricKeyType && verify(known.hash, signed, key, signature);
}

function readSubject(subject: DerValue | undefined): Pick<CertificateRequest, 'commonNames' | 'organizations' | 'otherNames'> {
  const names = { commonNames: [] as string[], organizations: [] as string[], otherNames: [] as string[] };
  for (const set of children(subject, tags.sequence, 'its subject')) {
    for (const pair of children(set, tags.set, 'a part of its subject')) {
      const [type, value, ...more] = children(pair, tags.sequence, 'a name in its subject');
      if (type?.tag !== tags.oid || !value || more.length > 0) throw new DerError('a name in its subject is not a type and a value');
      if (type.body.equals(oids.commonName)) names.commonNames.push(textOf(value));
      else if (type.body.equals(oids.organization)) names.organizations.push(textOf(value));
      else names.otherNames.push(type.body.toString('hex'));
    }
  }
  return names;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf({ tag, body }: DerValue): string {
  if (tag !== tags.utf8 && tag !== tags.printable && tag !== tags.ia5) throw new DerError('a name in its subject is no text');
  try {
    return strict.decode(body);
  } catch (cause) {
    throw new DerError('a name in its subject is no valid text', { cause });
  }
}

/** Asks for a client certificate. The key is an EC key on P-256. */
export function makeCertificateRequest(key: KeyObject, subject: { commonName: string; organizations: readonly string[] }): string {
  const name = (type: Buffer, text: string) => der(tags.set, der(tags.sequence, der(tags.oid, type), der(tags.utf8, Buffer.from(text))));
  const names = [
    ...subject.organizations.map((organization) => name(oids.organization, organization)),
    name(oids.commonName, subject.commonName),
  ];
  const info = der(
    tags.sequence,
    der(tags.integer, version0),
    der(tags.sequence, ...names),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(tags.context0),
  );
  const signature = der(tags.bits, version0, sign('sha256', info, key));
  return pemOf(der(tags.sequence, info, der(tags.sequence, der(tags.oid, oids.ecdsaSha256)), signature), label);
}
