import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { atomic, listOf, strategic } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';

const secretReference = atomic(
  z.object({
    apiVersion: z.string().optional().describe('Group and version.'),
    kind: z.string().optional().describe('Kind.'),
    namespace: z.string().optional().describe('Namespace.'),
    name: z.string().describe('Name of the Secret.'),
    uid: z.string().optional().describe('Uid.'),
    resourceVersion: z.string().optional().describe('The revision that is meant.'),
    fieldPath: z.string().optional().describe('The part that is meant.'),
  }),
);

const localReference = atomic(z.object({ name: z.string().default('').describe('Name of the Secret.') }));

export const ServiceAccount = defineResource({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  scope: 'Namespaced',
  description: 'An identity for programs.',
  shortNames: ['sa'],
  columns: [{ name: 'Secrets', type: 'string', jsonPath: '.secrets', description: 'How many secrets it may use.' }, ageColumn],
  fields: {
    secrets: strategic(listOf(secretReference, { type: 'map', keys: ['name'] }), 'name')
      .optional()
      .describe('Secrets that workloads of this account may use.'),
    imagePullSecrets: listOf(localReference).optional().describe('Secrets with credentials for registries.'),
    automountServiceAccountToken: z.boolean().optional().describe('Whether workloads get a token of this account unasked.'),
  },
});

export type ServiceAccount = Resource<typeof ServiceAccount>;
