import type { ResourceInfo } from '../registry/resource-info.ts';
import { compareVersions } from './compare-versions.ts';

export interface GroupVersionForDiscovery {
  groupVersion: string;
  version: string;
}

export interface ApiGroup {
  name: string;
  versions: GroupVersionForDiscovery[];
  preferredVersion: GroupVersionForDiscovery;
}

export interface ServerAddress {
  clientCIDR: string;
  serverAddress: string;
}

export const groupVersionOf = ({ group, version }: Pick<ResourceInfo, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`;

/** A name that several groups share belongs to the first of them, so a stranger's CRD must never come before what was here already. */
function rankOf(group: string): number {
  if (!group.includes('.') || group.endsWith('.k8s.io')) return 0;
  return group === 'river.dev' ? 1 : 2;
}

/** Every named group, Kubernetes' own first, then River's, then the others by the alphabet. The core group is not among them. */
export function groupNames(infos: readonly ResourceInfo[]): string[] {
  const names = new Set(infos.map((info) => info.group).filter((group) => group !== ''));
  return [...names].sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
}

/** The group's versions, the preferred one first. */
export function versionsOf(infos: readonly ResourceInfo[], group: string): string[] {
  return [...new Set(infos.filter((info) => info.group === group).map((info) => info.version))].sort(compareVersions);
}

function groupEntry(infos: readonly ResourceInfo[], group: string): ApiGroup | undefined {
  const versions = versionsOf(infos, group).map((version) => ({ groupVersion: groupVersionOf({ group, version }), version }));
  const preferredVersion = versions[0];
  return preferredVersion && { name: group, versions, preferredVersion };
}

/** What `/api` answers. `serverAddress` is `host:port` as clients reach it. */
export const apiVersions = (serverAddress = '') => ({
  kind: 'APIVersions' as const,
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] satisfies ServerAddress[],
});

/** What `/apis` answers. */
export const apiGroupList = (infos: readonly ResourceInfo[]) => ({
  kind: 'APIGroupList' as const,
  apiVersion: 'v1' as const,
  groups: groupNames(infos).flatMap((group) => groupEntry(infos, group) ?? []),
});

/** What `/apis/<group>` answers; undefined where nothing of the group is served, and always for the core group. */
export function apiGroup(infos: readonly ResourceInfo[], group: string) {
  const entry = group === '' ? undefined : groupEntry(infos, group);
  return entry && { kind: 'APIGroup' as const, apiVersion: 'v1' as const, ...entry };
}
