import type { Document } from './read-documents.ts';

const rank = ({ object: { kind } }: Document): number => {
  if (kind === 'Namespace' || kind === 'CustomResourceDefinition') return 0;
  return kind === 'PriorityClass' || kind === 'ServiceAccount' ? 1 : 2;
};

/** What others stand in or are made of comes first; otherwise as the files have it. */
export const applyOrder = (documents: readonly Document[]): Document[] => documents.toSorted((a, b) => rank(a) - rank(b));
