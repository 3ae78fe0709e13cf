import { z } from 'zod';
import { atomic, listOf, mapOf } from './schema/field.ts';

const requirement = z.object({
  key: z.string().max(317).describe('The label.'),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How its value is judged.'),
  values: listOf(z.string().max(63), { max: 256 }).optional().describe('The values, for In and NotIn.'),
});

/** Kubernetes' LabelSelector: all of it must match; empty matches everything. */
export const labelSelector = () =>
  atomic(
    z.object({
      matchLabels: mapOf(z.string().max(63), { max: 64 }).optional().describe('Labels and the values they must have.'),
      matchExpressions: listOf(requirement, { max: 64 }).optional().describe('Finer requirements.'),
    }),
  );
