import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { bytes, mapOf } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';

export const Secret = defineResource({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  description: 'Small secret values: passwords, tokens, keys.',
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.type', description: 'What it is for.' },
    { name: 'Data', type: 'string', jsonPath: '.data', description: 'How many values it holds.' },
    ageColumn,
  ],
  selectableFields: ['.type'],
  fields: {
    immutable: z.boolean().optional().describe('Once true, the data cannot be changed, nor can this.'),
    data: mapOf(bytes()).optional().describe('The values, base64, by key.'),
    stringData: mapOf(z.string()).optional().describe('Values as plain text, for writing only: they become data.'),
    type: z.string().default('Opaque').describe('What it is for; says which keys must be there. Fixed.'),
  },
});

export type Secret = Resource<typeof Secret>;
