import { ApiError } from '@river/crds';
import { definitionsPrefix } from '../registry/registry.ts';
import { qualifiedName, type ServedKind } from '../registry/served-kind.ts';
import type { Check } from '../store/store.ts';
import type { WriteDeps } from './write-context.ts';

/**
 * The check that makes a creation and the end of its kind exclude each other: whatever is created was created before the deletion
 * of the definition began, so the sweep that follows sees it. None for Kubernetes' own kinds, which do not end.
 */
export function liveDefinition({ feed }: WriteDeps, kind: ServedKind): Check[] {
  const { name, uid } = kind.definition.metadata;
  if (uid === undefined) return [];
  const key = definitionsPrefix + name;
  const found = feed.cacheOf(definitionsPrefix).get(key);
  if (found?.uid !== uid) throw new ApiError('NotFound', 'the server could not find the requested resource');
  if (found.isDeleting) throw terminating(kind);
  return [{ key, revision: found.revision }];
}

const terminating = (kind: ServedKind): ApiError =>
  new ApiError('MethodNotAllowed', `create not allowed while custom resource definition is terminating: ${qualifiedName(kind)}`);
