import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { listOf } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';
import { conditionList } from './condition-list.ts';

export const Namespace = defineResource({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  scope: 'Cluster',
  description: 'A scope for names and for rights. Deleting it deletes everything in it.',
  shortNames: ['ns'],
  columns: [{ name: 'Status', type: 'string', jsonPath: '.status.phase', description: 'Active or Terminating.' }, ageColumn],
  selectableFields: ['.status.phase'],
  subresources: { status: {} },
  fields: {
    spec: z
      .object({ finalizers: listOf(z.string()).optional().describe('Who must have let go before the namespace is gone.') })
      .optional()
      .describe('How the namespace ends.'),
    status: z
      .object({
        phase: z.enum(['Active', 'Terminating']).optional().describe('Where it is in its life.'),
        conditions: conditionList().optional().describe('What stands in the way of its end.'),
      })
      .optional()
      .describe('How the namespace is.'),
  },
});

export type Namespace = Resource<typeof Namespace>;
