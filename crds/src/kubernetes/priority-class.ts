import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { ageColumn } from './age-column.ts';

export const PriorityClass = defineResource({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  scope: 'Cluster',
  description: 'A name for a priority.',
  shortNames: ['pc'],
  columns: [
    { name: 'Value', type: 'string', jsonPath: '.value', description: 'The priority.' },
    { name: 'Global-Default', type: 'boolean', jsonPath: '.globalDefault', description: 'Whether it is what others get.' },
    ageColumn,
  ],
  fields: {
    value: z.int32().describe('The priority; higher goes first. Fixed.'),
    globalDefault: z.boolean().optional().describe('What workloads get that name no class. One class at most.'),
    description: z.string().optional().describe('When to use it.'),
    preemptionPolicy: z
      .enum(['PreemptLowerPriority', 'Never'])
      .default('PreemptLowerPriority')
      .describe('Whether it may push aside what is lower. Fixed.'),
  },
});

export type PriorityClass = Resource<typeof PriorityClass>;
