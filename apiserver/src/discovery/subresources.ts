import type { ResourceInfo } from '../registry/resource-info.ts';

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** A part of a resource with a path of its own, and the kind that is read and written there. */
export interface Subresource {
  name: 'status' | 'scale' | 'token' | 'approval';
  gvk: GroupVersionKind;
  verbs: readonly string[];
}

const verbs = ['get', 'patch', 'update'] as const;

export const gvkOf = ({ group, version, kind }: ResourceInfo): GroupVersionKind => ({ group, version, kind });

export function subresourcesOf(info: ResourceInfo): Subresource[] {
  const found: Subresource[] = [];
  if (info.hasApproval) found.push({ name: 'approval', gvk: gvkOf(info), verbs });
  if (info.scale) found.push({ name: 'scale', gvk: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs });
  if (info.hasStatus) found.push({ name: 'status', gvk: gvkOf(info), verbs });
  if (info.hasToken)
    found.push({ name: 'token', gvk: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }, verbs: ['create'] });
  return found;
}
