import type { PrinterColumn } from '../meta/custom-resource-definition.ts';

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since the object was created.',
};
