/**
 * What the server offers, told to clients: `/api`, `/apis` and all below them that is not an object, and `/version`.
 * Pure functions of the kinds served; the HTTP layer chooses the form and adds the headers.
 * @module
 */
export { aggregatedDiscovery } from './aggregated-discovery.ts';
export { compareVersions } from './compare-versions.ts';
export { etagOf, matchesEtag } from './etag.ts';
export { apiGroup, apiGroupList, apiVersions, versionsOf } from './group-discovery.ts';
export { discoveryContentType, negotiateDiscovery } from './negotiate-discovery.ts';
export { apiResourceList } from './resource-discovery.ts';
export { versionInfo } from './version-info.ts';
