import { z } from 'zod';
import { atomic } from '../schema/field.ts';

/** Points at one object of any kind, or at a part of it. */
export const objectReference = () =>
  atomic(
    z.object({
      apiVersion: z.string().optional().describe('Group and version of the object.'),
      kind: z.string().optional().describe('Kind of the object.'),
      namespace: z.string().optional().describe('Namespace of the object.'),
      name: z.string().optional().describe('Name of the object.'),
      uid: z.string().optional().describe('Uid of the object.'),
      resourceVersion: z.string().optional().describe('The revision that is meant, if one is.'),
      fieldPath: z.string().optional().describe('The part that is meant: `spec.containers{name}`.'),
    }),
  );
