import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { dateTime } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';

export const Lease = defineResource({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  description: 'Says who holds something, and that they are still there.',
  columns: [{ name: 'Holder', type: 'string', jsonPath: '.spec.holderIdentity', description: 'Who holds it.' }, ageColumn],
  fields: {
    spec: z
      .object({
        holderIdentity: z.string().optional().describe('Who holds it.'),
        leaseDurationSeconds: z.int32().optional().describe('How long others wait after the last renewal.'),
        acquireTime: dateTime().nullable().optional().describe('When it was taken.'),
        renewTime: dateTime().nullable().optional().describe('When it was last renewed.'),
        leaseTransitions: z.int32().optional().describe('How often it has changed hands.'),
        strategy: z.string().optional().describe('How the next holder is chosen.'),
        preferredHolder: z.string().optional().describe('Who should take it next.'),
      })
      .optional()
      .describe('Who holds it, and since when.'),
  },
});

export type Lease = Resource<typeof Lease>;
