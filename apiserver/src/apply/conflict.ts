import { ApiError } from '@river/crds';
import { type FieldSet, pathsOf } from './field-set.ts';
import type { Ownership } from './managed-fields.ts';

/** Fields that someone else owns and that an apply would change. */
export interface Conflict {
  owner: Ownership;
  fields: FieldSet;
}

/** In Kubernetes' words, which kubectl and GitOps tools show and parse. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const found = conflicts
    .map(({ owner, fields }) => ({ owner: describe(owner), paths: pathsOf(fields) }))
    .sort((a, b) => (a.owner < b.owner ? -1 : 1));
  const causes = found.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict' as const, message: `conflict with ${owner}`, field })),
  );
  const [only] = causes;
  const list = found.map(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)].join('\n')).join('\n');
  const message =
    causes.length === 1 && only
      ? `Apply failed with 1 conflict: ${only.message}: ${only.field}`
      : `Apply failed with ${causes.length} conflicts: ${list}`;
  return new ApiError('Conflict', message, { details: { causes } });
}

function describe({ manager = '', subresource, operation, apiVersion }: Ownership): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '');
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
