import { createHash } from 'node:crypto';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { groupVersionOf } from './group-discovery.ts';
import { type Subresource, subresourcesOf } from './subresources.ts';

/** One line of `kubectl api-resources`. `group` and `version` stand only where they differ from the list's. */
export interface ApiResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  storageVersionHash?: string;
}

/** Opaque to clients; equal for two versions of a kind exactly when their objects are kept in the same form. */
function storageVersionHash({ group, storageVersion, kind }: ResourceInfo): string {
  return createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest().subarray(0, 8).toString('base64');
}

const isStored = (info: ResourceInfo) => info.verbs.includes('get') || info.verbs.includes('list');

const resourceEntry = (info: ResourceInfo): ApiResource => ({
  name: info.plural,
  singularName: info.singular,
  namespaced: info.namespaced,
  kind: info.kind,
  verbs: info.verbs,
  ...(info.shortNames.length > 0 && { shortNames: info.shortNames }),
  ...(info.categories.length > 0 && { categories: info.categories }),
  ...(isStored(info) && { storageVersionHash: storageVersionHash(info) }),
});

const subresourceEntry = (info: ResourceInfo, { name, gvk, verbs }: Subresource): ApiResource => ({
  name: `${info.plural}/${name}`,
  singularName: '',
  namespaced: info.namespaced,
  ...((gvk.group !== info.group || gvk.version !== info.version) && { group: gvk.group, version: gvk.version }),
  kind: gvk.kind,
  verbs,
});

/** What `/api/v1` and `/apis/<group>/<version>` answer; undefined where nothing is served there. */
export function apiResourceList(infos: readonly ResourceInfo[], group: string, version: string) {
  const served = infos.filter((info) => info.group === group && info.version === version);
  if (served.length === 0 && !(group === '' && version === 'v1')) return undefined;
  const resources = served.flatMap((info) => [resourceEntry(info), ...subresourcesOf(info).map((sub) => subresourceEntry(info, sub))]);
  return {
    kind: 'APIResourceList' as const,
    apiVersion: 'v1' as const,
    groupVersion: groupVersionOf({ group, version }),
    resources: resources.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
