import type { ResourceInfo } from '../registry/resource-info.ts';

/** Groups that Kubernetes itself defines. Their schemas are named after its source tree, all others after the group reversed. */
const kubernetesGroups: ReadonlySet<string> = new Set([
  '',
  'admissionregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

const apiextensions = 'apiextensions.k8s.io';

export const isKubernetesGroup = (group: string): boolean => group === apiextensions || kubernetesGroups.has(group);

function packageOf(group: string): string {
  if (group === apiextensions) return 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions';
  if (!kubernetesGroups.has(group)) return group.split('.').reverse().join('.');
  return `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}`;
}

/** The name of a kind's schema, such as `dev.river.v1.Task` or `io.k8s.api.core.v1.ConfigMap`. */
export const schemaName = ({ group, version, kind }: ResourceInfo): string => `${packageOf(group)}.${version}.${kind}`;
export const listSchemaName = ({ group, version, listKind }: ResourceInfo): string => `${packageOf(group)}.${version}.${listKind}`;

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A group and version as generated clients name them: `CoreV1`, `RbacAuthorizationV1`, `RiverDevV1`. */
export function operationGroup({ group, version }: ResourceInfo): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split(/[.-]/);
  return [...words, version].map(capitalized).join('');
}
