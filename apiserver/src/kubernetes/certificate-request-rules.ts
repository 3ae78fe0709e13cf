import { X509Certificate } from 'node:crypto';
import { type Cause, type KubeObject, qualifiedName } from '@river/crds';
import { DerError, parseCertificateRequest } from '@river/runtime';
import { equalJson } from '../json/plain-json.ts';
import { asJson } from '../object/encode.ts';

export interface RequestCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

/** A CertificateSigningRequest as its kind's schema lets it stand. */
export interface CertificateSigningRequest {
  metadata: KubeObject['metadata'];
  spec: {
    request: string;
    signerName: string;
    expirationSeconds?: number;
    usages?: string[];
    username?: string;
    uid?: string;
    groups?: string[];
    extra?: Record<string, string[]>;
  };
  status?: { conditions?: RequestCondition[]; certificate?: string };
}

/** The kind's schema has been applied, so the shape is that of a request. */
export const asRequest = (object: KubeObject): CertificateSigningRequest => object as unknown as CertificateSigningRequest;

export const conditionOf = ({ status }: CertificateSigningRequest, type: string): RequestCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

/** Once said, they stay said. */
const lasting = ['Approved', 'Denied', 'Failed'];
const shortestSeconds = 600;

const knownUsages: ReadonlySet<string> = new Set([
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
]);

export const badValue = (field: string, message: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${message}`,
  field,
});

/** What is asked stays as it was asked. */
export function keepRequestSpec(object: KubeObject, old: KubeObject | undefined): void {
  if (old) object.spec = structuredClone(old.spec ?? {});
}

export function checkRequest(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const request = asRequest(object);
  return [...(old ? [] : checkSpec(request)), ...checkStatus(request, old && asRequest(old))];
}

function checkSpec({ spec: { request, signerName, usages = [], expirationSeconds } }: CertificateSigningRequest): Cause[] {
  const causes: Cause[] = [];
  try {
    parseCertificateRequest(Buffer.from(request, 'base64').toString());
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    causes.push(badValue('spec.request', `no PKCS#10 request in PEM: ${error.message}`));
  }
  if (!signerName.includes('/')) causes.push(badValue('spec.signerName', 'must be a domain and a path, as example.com/name'));
  else causes.push(...qualifiedName(signerName).map((message) => badValue('spec.signerName', message)));
  if (usages.length === 0)
    causes.push({ reason: 'FieldValueRequired', message: 'Required value: usages are required', field: 'spec.usages' });
  for (const [at, usage] of usages.entries()) {
    const field = `spec.usages[${at}]`;
    if (!knownUsages.has(usage))
      causes.push({ reason: 'FieldValueNotSupported', message: `Unsupported value: ${JSON.stringify(usage)}`, field });
    else if (usages.indexOf(usage) < at)
      causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(usage)}`, field });
  }
  if (expirationSeconds !== undefined && expirationSeconds < shortestSeconds)
    causes.push(badValue('spec.expirationSeconds', `may not specify a duration less than ${shortestSeconds} seconds (10 minutes)`));
  return causes;
}

function checkStatus(next: CertificateSigningRequest, old: CertificateSigningRequest | undefined): Cause[] {
  const causes: Cause[] = [];
  const at = 'status.conditions';
  for (const type of lasting) {
    const condition = conditionOf(next, type);
    if (condition && condition.status !== 'True') causes.push(badValue(at, `the status of ${type} must be "True"`));
    if (old && conditionOf(old, type) && !condition) causes.push(forbidden(at, `the condition ${type} may not be removed`));
  }
  if (conditionOf(next, 'Approved') && conditionOf(next, 'Denied'))
    causes.push(badValue(at, 'Approved and Denied conditions are mutually exclusive'));
  const certificate = next.status?.certificate;
  const before = old?.status?.certificate;
  if (before && certificate !== before) causes.push(forbidden('status.certificate', 'a certificate that is issued may not be changed'));
  else if (certificate && certificate !== before && !isCertificate(certificate))
    causes.push(badValue('status.certificate', 'no certificate in PEM'));
  return causes;
}

const forbidden = (field: string, message: string): Cause => ({ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field });

function isCertificate(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== '';
  } catch {
    return false;
  }
}

const plain = (value: unknown) => asJson({ value: value ?? null } as unknown as KubeObject);

export const isSameStatus = (a: CertificateSigningRequest, b: CertificateSigningRequest): boolean =>
  equalJson(plain(a.status), plain(b.status));

/** Whether the conditions that are meant are the same in both. */
export function sameConditions(a: CertificateSigningRequest, b: CertificateSigningRequest, isMeant: (type: string) => boolean): boolean {
  const meant = ({ status }: CertificateSigningRequest) => (status?.conditions ?? []).filter(({ type }) => isMeant(type));
  return equalJson(plain(meant(a)), plain(meant(b)));
}
