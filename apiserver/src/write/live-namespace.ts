import { ApiError } from '@river/crds';
import { cacheObject } from '../cache/cached-object.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { qualifiedName, type ServedKind } from '../registry/served-kind.ts';
import type { Check } from '../store/store.ts';
import { readStore } from './commit.ts';
import type { WriteDeps } from './write-context.ts';

export const namespacesPrefix = resourcePrefix('', 'namespaces');

/**
 * The check that makes a creation and the emptying of its namespace exclude each other: whatever is created in a namespace was
 * created before its deletion began, so the sweep that follows sees it.
 */
export async function liveNamespace(deps: WriteDeps, namespace: string, kind: ServedKind): Promise<Check> {
  const key = namespacesPrefix + namespace;
  let found = deps.feed.cacheOf(namespacesPrefix).get(key);
  const stored = found && !found.isDeleting ? null : await readStore(() => deps.store.get(key));
  if (stored !== null) found = stored && cacheObject(key, '', namespace, stored.value, stored.revision, 0);
  if (!found) {
    throw new ApiError('NotFound', `namespaces "${namespace}" not found`, { details: { name: namespace, kind: 'namespaces' } });
  }
  if (found.isDeleting) {
    throw new ApiError(
      'Forbidden',
      `${qualifiedName(kind)} is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      {
        details: {
          group: kind.group,
          kind: kind.plural,
          causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
        },
      },
    );
  }
  return { key, revision: found.revision };
}
