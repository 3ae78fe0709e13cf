import { z } from 'zod';
import { labelSelector } from '../label-selector.ts';
import { atomic, listOf } from '../schema/field.ts';

const rule = atomic(
  z.object({
    resourceNames: listOf(z.string()).optional().describe('Only objects with these names.'),
    operations: listOf(z.enum(['*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT']))
      .optional()
      .describe('Only these operations.'),
    apiGroups: listOf(z.string()).optional().describe('Groups; `*` for all.'),
    apiVersions: listOf(z.string()).optional().describe('Versions; `*` for all.'),
    resources: listOf(z.string()).optional().describe('Resources: `tasks`, `tasks/status`, `*/*`.'),
    scope: z.enum(['*', 'Cluster', 'Namespaced']).default('*').describe('Only resources of this scope.'),
  }),
);

/** Which requests a policy is about. */
export const matchResources = () =>
  atomic(
    z.object({
      namespaceSelector: labelSelector().prefault({}).describe('Only in namespaces with these labels.'),
      objectSelector: labelSelector().prefault({}).describe('Only objects with these labels, before or after.'),
      resourceRules: listOf(rule).optional().describe('Any of these.'),
      excludeResourceRules: listOf(rule).optional().describe('None of these.'),
      matchPolicy: z.enum(['Exact', 'Equivalent']).default('Equivalent').describe('Whether the same resource in another version counts.'),
    }),
  );
