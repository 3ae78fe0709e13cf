import { z } from 'zod';
import { dateTime, listOf, strategic } from '../schema/field.ts';

const condition = z.object({
  type: z.string().describe('What the condition is about.'),
  status: z.string().describe('True, False or Unknown.'),
  reason: z.string().optional().describe('Why, in one CamelCase word.'),
  message: z.string().optional().describe('Why, for people.'),
  lastTransitionTime: dateTime().nullable().optional().describe('When the status last changed.'),
  observedGeneration: z.int().optional().describe('The metadata.generation that this was judged by.'),
});

/** The conditions of Kubernetes' own kinds, which ask for less than River's. */
export const conditionList = () => strategic(listOf(condition, { type: 'map', keys: ['type'] }), 'type');
