import type { Revocations } from '@river/runtime';
import { clockSkewMs, DerError, type KeyPair, parseCertificateRequest, signClientCertificate } from '@river/runtime';
import { type CertificateSigningRequest, conditionOf, type RequestCondition } from '../kubernetes/certificate-request-rules.ts';
import { timestamp } from '../write/write-context.ts';
import { objectionsTo, signerNamed } from './signers.ts';

/** Approved, and neither signed nor given up, for one of this server's signers. */
export const isToBeSigned = (request: CertificateSigningRequest): boolean =>
  signerNamed(request.spec.signerName) !== undefined &&
  conditionOf(request, 'Approved') !== undefined &&
  conditionOf(request, 'Denied') === undefined &&
  conditionOf(request, 'Failed') === undefined &&
  request.status?.certificate === undefined;

export type Signed = { certificate: string } | { failed: RequestCondition };

/**
 * Signs what was approved; what nobody should have approved is given up. After a revocation the user's certificates begin with it at
 * the earliest, and what was asked before it is not signed any more.
 */
export async function signRequest(
  authority: KeyPair,
  { metadata, spec }: CertificateSigningRequest,
  { voidBeforeMs }: Pick<Revocations, 'voidBeforeMs'>,
  now: Date,
): Promise<Signed> {
  const fail = (reason: string, message: string): Signed => {
    const time = timestamp(now);
    return { failed: { type: 'Failed', status: 'True', reason, message, lastUpdateTime: time, lastTransitionTime: time } };
  };
  const signer = signerNamed(spec.signerName);
  const request = read(spec.request);
  if (!signer || !request) return fail('Malformed', 'this is no request that can be read');
  const objections = objectionsTo(signer, request, spec.usages ?? []);
  const [commonName] = request.commonNames;
  if (objections.length > 0 || commonName === undefined) return fail('NotSignable', objections.join('; '));
  const voidMs = voidBeforeMs(commonName);
  if (Date.parse(metadata.creationTimestamp ?? '') < voidMs)
    return fail('Revoked', `certificates of ${commonName} were revoked after this was asked`);
  const seconds = Math.min(spec.expirationSeconds ?? signer.usualSeconds, signer.mostSeconds);
  const from = new Date(Math.max(now.getTime() - clockSkewMs, voidMs));
  const until = new Date(now.getTime() + seconds * 1000);
  const { organizations, publicKey } = request;
  return { certificate: await signClientCertificate(authority, { commonName, organizations, publicKey, from, until }) };
}

function read(request: string) {
  try {
    return parseCertificateRequest(Buffer.from(request, 'base64').toString());
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
