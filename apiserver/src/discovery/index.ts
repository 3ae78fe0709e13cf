/**
 * What the server offers, told to clients: `/api`, `/apis` and all below them that is not an object, and `/version`.
 * Pure functions of the kinds served; the HTTP layer chooses the form and adds the headers.
 * @module
 */
export { aggregatedDiscovery } from './aggregated-discovery.ts';
export { etagOf, matchesEtag } from './etag.ts';
export { type ApiGroup, apiGroup, apiGroupList, apiVersions, groupVersionOf, versionsOf } from './group-discovery.ts';
export { type DiscoveryForm, discoveryContentType, negotiateDiscovery } from './negotiate-discovery.ts';
export { type ApiResource, apiResourceList } from './resource-discovery.ts';
export { type GroupVersionKind, type Subresource, subresourcesOf } from './subresources.ts';
export { type Build, type VersionInfo, versionInfo } from './version-info.ts';
export { compareVersions } from './version-priority.ts';
