import { isObject, type Json, type KubeObject } from '@river/crds';
import { nodesNamespace } from '../authorization/node-rights.ts';

const nameLabel = 'kubernetes.io/metadata.name';
const finalizer = 'kubernetes';

/** What clients, nodes and the server itself take for granted: made at the start, and not to be deleted. */
export const keptNamespaces: ReadonlySet<string> = new Set(['default', 'kube-system', 'river-system', nodesNamespace]);

const finalizersOf = (object: KubeObject): Json[] => {
  const spec = object.spec;
  const finalizers = isObject(spec) ? spec.finalizers : undefined;
  return Array.isArray(finalizers) ? finalizers : [];
};

/** A new namespace is held by the finalizer that empties it; a deleted one says that it is terminating. */
export function completeNamespace(object: KubeObject, old: KubeObject | undefined): void {
  const { metadata } = object;
  metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
  if (!old) object.spec = { finalizers: [...new Set([...finalizersOf(object), finalizer])] };
  const status = isObject(object.status) ? object.status : {};
  object.status = { ...status, phase: metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating' };
}

export const isNamespaceHeld = (object: KubeObject): boolean => finalizersOf(object).length > 0;
