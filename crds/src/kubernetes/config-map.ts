import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { bytes, mapOf } from '../schema/field.ts';
import { ageColumn } from './age-column.ts';

export const ConfigMap = defineResource({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  description: 'Configuration that workloads read, by key.',
  shortNames: ['cm'],
  columns: [{ name: 'Data', type: 'string', jsonPath: '.data', description: 'How many values it holds.' }, ageColumn],
  fields: {
    immutable: z.boolean().optional().describe('Once true, the data cannot be changed, nor can this.'),
    data: mapOf(z.string()).optional().describe('The values, as text.'),
    binaryData: mapOf(bytes()).optional().describe('Values that are not text, base64. No key stands in both.'),
  },
});

export type ConfigMap = Resource<typeof ConfigMap>;
