import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { bytes, dateTime, listOf, mapOf } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';

const condition = z.object({
  type: z.string().min(1).max(253).describe('`Approved`, `Denied` or `Failed`. None of these is ever taken back.'),
  status: z.string().max(16).default('True').describe('True; for other types also False or Unknown.'),
  reason: z.string().max(1024).optional().describe('Why, in one CamelCase word.'),
  message: z.string().max(32_768).optional().describe('Why, for people.'),
  lastUpdateTime: dateTime().nullable().optional().describe('When it was last written.'),
  lastTransitionTime: dateTime().nullable().optional().describe('When the status last changed.'),
});

const text = (what: string) => z.string().max(1024).optional().describe(what);

export const CertificateSigningRequest = defineResource({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  scope: 'Cluster',
  description: 'Asks a signer for a certificate. Somebody approves it, the signer signs it.',
  shortNames: ['csr'],
  columns: [ageColumn, { name: 'SignerName', type: 'string', jsonPath: '.spec.signerName', description: 'Who is asked to sign.' }],
  selectableFields: ['.spec.signerName'],
  subresources: { status: {} },
  fields: {
    spec: z
      .object({
        request: bytes().describe('A PKCS#10 request, PEM, base64. Its key is the one that is certified.'),
        signerName: z
          .string()
          .max(571)
          .describe('Who is asked: `river.dev/node-client`, `kubernetes.io/kube-apiserver-client` or another.'),
        expirationSeconds: z.int32().optional().describe('How long it shall be good for. The signer may give less.'),
        usages: listOf(z.string().max(64), { max: 32 }).optional().describe('What the key may be used for.'),
        username: text('Who asks; written by the server.'),
        uid: text('Uid of who asks; written by the server.'),
        groups: listOf(z.string(), { max: 1024 }).optional().describe('Groups of who asks; written by the server.'),
        extra: mapOf(listOf(z.string(), { max: 64 }), { max: 64 })
          .optional()
          .describe('What else is known of who asks; written by the server.'),
      })
      .describe('What is asked. It cannot be changed.'),
    status: z
      .object({
        conditions: listOf(condition, { type: 'map', keys: ['type'], max: 32 })
          .optional()
          .describe('What was decided.'),
        certificate: bytes().optional().describe('The certificate, PEM, base64, once it is issued. It cannot be changed.'),
      })
      .optional()
      .describe('What became of it.'),
  },
});

export type CertificateSigningRequest = Resource<typeof CertificateSigningRequest>;
