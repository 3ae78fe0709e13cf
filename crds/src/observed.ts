import { z } from 'zod';
import { dateTime, listOf } from './schema/field.ts';

const condition = z.object({
  type: z.string().max(316).describe('What the condition is about, such as Ready or Finished.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().max(1024).describe('Why, in one CamelCase word for programs.'),
  message: z.string().max(32768).describe('Why, for people.'),
  lastTransitionTime: dateTime().describe('When the status last changed.'),
  observedGeneration: z.int().min(0).optional().describe('The metadata.generation that this was judged by.'),
});

/** What every River status begins with. */
export const observed = () => ({
  conditions: listOf(condition, { type: 'map', keys: ['type'] })
    .optional()
    .describe('How things are, one entry per question.'),
  observedGeneration: z.int().optional().describe('The metadata.generation that this status answers to.'),
});
