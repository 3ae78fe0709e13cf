import type { ResourceInfo } from '../registry/resource-info.ts';
import { groupNames, versionsOf } from './group-discovery.ts';
import { gvkOf, subresourcesOf } from './subresources.ts';

const resourceEntry = (info: ResourceInfo) => {
  const subresources = subresourcesOf(info);
  return {
    resource: info.plural,
    responseKind: gvkOf(info),
    scope: info.namespaced ? ('Namespaced' as const) : ('Cluster' as const),
    singularResource: info.singular,
    verbs: info.verbs,
    ...(info.shortNames.length > 0 && { shortNames: info.shortNames }),
    ...(info.categories.length > 0 && { categories: info.categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map(({ name, gvk, verbs }) => ({ subresource: name, responseKind: gvk, verbs })),
    }),
  };
};

const byResource = (a: { plural: string }, b: { plural: string }) => (a.plural < b.plural ? -1 : 1);

const versionEntry = (infos: readonly ResourceInfo[], group: string, version: string) => ({
  version,
  resources: infos
    .filter((info) => info.group === group && info.version === version)
    .sort(byResource)
    .map(resourceEntry),
  freshness: 'Current' as const,
});

/**
 * The whole tree under `/api` (the core group) or `/apis` (all others) in one document, which spares a client one request per group.
 * Groups and versions stand in order of preference.
 */
export function aggregatedDiscovery(infos: readonly ResourceInfo[], root: 'api' | 'apis', version: 'v2' | 'v2beta1' = 'v2') {
  const groups = root === 'api' ? [''] : groupNames(infos);
  return {
    kind: 'APIGroupDiscoveryList' as const,
    apiVersion: `apidiscovery.k8s.io/${version}` as const,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: (group === '' ? ['v1'] : versionsOf(infos, group)).map((name) => versionEntry(infos, group, name)),
    })),
  };
}
