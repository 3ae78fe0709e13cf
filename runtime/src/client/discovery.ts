import { ApiError, isObject, type Json, type JsonObject } from '@river/crds';
import type { ApiClient } from './api-client.ts';
import type { CallOptions } from './resource-client.ts';
import type { ResourceRef } from './resource-path.ts';

/** A kind that the server serves, in one version. */
export interface DiscoveredResource extends ResourceRef {
  kind: string;
  singular: string;
  shortNames: string[];
  categories: string[];
  verbs: string[];
  /** Names such as `status` and `scale`. */
  subresources: string[];
}

export interface Discovery {
  /** In the server's order: groups by priority, the preferred version of each first. */
  resources: readonly DiscoveredResource[];
  /** Groups that could not be asked, with the reason. */
  failures: readonly { groupVersion: string; error: unknown }[];
  /** By what a person types: plural, singular, short name or kind, in any case, with `.group` or `.version.group` after it. The first wins. */
  find(name: string): DiscoveredResource | undefined;
  /** By what an object says of itself. */
  findKind(apiVersion: string, kind: string): DiscoveredResource | undefined;
  /** All of a category such as `all`, in their preferred versions. */
  inCategory(category: string): DiscoveredResource[];
}

const aggregated = ['v2', 'v2beta1'].map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
const accept = [...aggregated, 'application/json'].join(',');

/** Asks the server what it serves: in two requests where it can say everything at once, else in one for each group and version. */
export async function discover(client: ApiClient, options: CallOptions = {}): Promise<Discovery> {
  const ask = (path: string) => client.json<JsonObject>({ method: 'GET', path, headers: { accept }, ...options });
  const [core, groups] = await Promise.all([ask('/api'), ask('/apis')]);
  const failures: { groupVersion: string; error: unknown }[] = [];
  const found: DiscoveredResource[] = [];
  for (const root of [core, groups]) {
    if (root.kind === 'APIGroupDiscoveryList') found.push(...aggregatedResources(root));
    else found.push(...(await legacyResources(root, ask, failures)));
  }
  return lookup(found, failures);
}

function lookup(resources: DiscoveredResource[], failures: Discovery['failures']): Discovery {
  const answersTo = (resource: DiscoveredResource, name: string) =>
    [resource.plural, resource.singular, resource.kind.toLowerCase(), ...resource.shortNames].includes(name);
  const isPreferred = (resource: DiscoveredResource) =>
    resources.find((other) => other.group === resource.group && other.plural === resource.plural) === resource;
  return {
    resources,
    failures,
    find(text) {
      const [name = '', ...rest] = text.toLowerCase().split('.');
      const suffix = rest.join('.');
      const [version = '', ...group] = rest;
      const named = resources.filter((resource) => answersTo(resource, name));
      if (suffix === '') return named[0];
      return (
        named.find((resource) => resource.group === suffix) ??
        named.find((resource) => resource.version === version && resource.group === group.join('.'))
      );
    },
    findKind(apiVersion, kind) {
      const at = apiVersion.indexOf('/');
      const [group, version] = at < 0 ? ['', apiVersion] : [apiVersion.slice(0, at), apiVersion.slice(at + 1)];
      return resources.find((resource) => resource.kind === kind && resource.group === group && resource.version === version);
    },
    inCategory: (category) => resources.filter((resource) => resource.categories.includes(category) && isPreferred(resource)),
  };
}

function aggregatedResources(root: JsonObject): DiscoveredResource[] {
  return objects(root.items).flatMap((group) => {
    const groupName = isObject(group.metadata) ? text(group.metadata.name) : '';
    return objects(group.versions).flatMap((version) =>
      objects(version.resources).map((resource) => ({
        group: groupName,
        version: text(version.version),
        plural: text(resource.resource),
        namespaced: resource.scope === 'Namespaced',
        kind: isObject(resource.responseKind) ? text(resource.responseKind.kind) : '',
        singular: text(resource.singularResource).toLowerCase(),
        shortNames: texts(resource.shortNames),
        categories: texts(resource.categories),
        verbs: texts(resource.verbs),
        subresources: objects(resource.subresources).map((sub) => text(sub.subresource)),
      })),
    );
  });
}

async function legacyResources(
  root: JsonObject,
  ask: (path: string) => Promise<JsonObject>,
  failures: { groupVersion: string; error: unknown }[],
): Promise<DiscoveredResource[]> {
  const lists = await Promise.all(
    legacyPaths(root).map(async ({ groupVersion, path }) => {
      try {
        return legacyList(groupVersion, await ask(path));
      } catch (error) {
        // One group behind a broken aggregated server must not hide the others.
        if (!ApiError.is(error)) throw error;
        failures.push({ groupVersion, error });
        return [];
      }
    }),
  );
  return lists.flat();
}

function legacyPaths(root: JsonObject): { groupVersion: string; path: string }[] {
  if (root.kind === 'APIVersions') return texts(root.versions).map((version) => ({ groupVersion: version, path: `/api/${version}` }));
  return objects(root.groups).flatMap((group) => {
    const preferred = isObject(group.preferredVersion) ? text(group.preferredVersion.groupVersion) : '';
    const all = objects(group.versions).map((version) => text(version.groupVersion));
    return [...new Set([preferred, ...all])].filter(Boolean).map((groupVersion) => ({ groupVersion, path: `/apis/${groupVersion}` }));
  });
}

function legacyList(groupVersion: string, list: JsonObject): DiscoveredResource[] {
  const all = objects(list.resources);
  const at = groupVersion.indexOf('/');
  return all
    .filter((resource) => !text(resource.name).includes('/'))
    .map((resource) => ({
      group: at < 0 ? '' : groupVersion.slice(0, at),
      version: groupVersion.slice(at + 1),
      plural: text(resource.name),
      namespaced: resource.namespaced === true,
      kind: text(resource.kind),
      singular: text(resource.singularName).toLowerCase() || text(resource.kind).toLowerCase(),
      shortNames: texts(resource.shortNames),
      categories: texts(resource.categories),
      verbs: texts(resource.verbs),
      subresources: all
        .map((other) => text(other.name).split('/'))
        .flatMap(([parent, sub]) => (parent === resource.name && sub ? [sub] : [])),
    }));
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const texts = (value: Json | undefined): string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);
const objects = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
