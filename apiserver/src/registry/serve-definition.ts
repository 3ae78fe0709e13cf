import type { CrdVersion, CustomResourceDefinition, KubeObject, StructuralSchema } from '@river/crds';
import type { ObjectCache } from '../cache/object-cache.ts';
import { compileRules, createEnvironment } from '../cel/index.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { compileSchema } from '../schema/compile-schema.ts';
import type { ResourceInfo } from './resource-info.ts';
import type { KindRules, ServedKind, ServedVersion } from './served-kind.ts';

/** One for all kinds: it holds the functions and the patterns that were compiled. */
const environment = createEnvironment();

export const allVerbs: readonly string[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const openSchema: StructuralSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export const customKindRules: KindRules = {
  verbs: allVerbs,
  nameRule: 'subdomain',
  allowsBlindUpdate: false,
  createsOnUpdate: false,
  mayOmitKind: false,
  acceptsStrategicPatch: false,
  secretFields: [],
  dropsNulls: false,
  hasGeneration: true,
  hasFinalize: false,
  hasToken: false,
  hasApproval: false,
  keeps: new Set(),
  complete: () => undefined,
  check: () => [],
  isHeld: () => false,
};

const apiVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

function infoOf(
  { spec, status }: CustomResourceDefinition,
  version: CrdVersion,
  { verbs, hasToken, hasApproval }: KindRules,
): ResourceInfo {
  const names = { ...spec.names, ...status?.acceptedNames };
  return {
    group: spec.group,
    version: version.name,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    verbs,
    hasStatus: version.subresources?.status !== undefined,
    hasApproval,
    scale: version.subresources?.scale ?? null,
    ...(hasToken && { hasToken }),
    schema: version.schema?.openAPIV3Schema ?? openSchema,
    columns: version.additionalPrinterColumns ?? [],
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath, label }) => ({
      path: jsonPath,
      label: label ?? jsonPath.replace(/^\./, ''),
    })),
    storageVersion: spec.versions.find(({ storage }) => storage)?.name ?? version.name,
    deprecated: version.deprecated ?? false,
    ...(version.deprecationWarning !== undefined && { deprecationWarning: version.deprecationWarning }),
  };
}

const renamed = (apiVersion: string) => (object: KubeObject) => {
  object.apiVersion = apiVersion;
  return object;
};

function serveVersion(
  definition: CustomResourceDefinition,
  version: CrdVersion,
  storageApiVersion: string,
  rules: KindRules,
): ServedVersion {
  const info = infoOf(definition, version, rules);
  const apiVersion = apiVersionOf(info.group, info.version);
  return {
    info,
    apiVersion,
    structural: info.schema,
    schema: compileSchema(info.schema),
    rules: compileRules(info.schema, { environment }),
    isStorage: apiVersion === storageApiVersion,
    fromStorage: renamed(apiVersion),
    toStorage: renamed(storageApiVersion),
  };
}

/** Makes a definition, River's own or a stranger's, into something that can be served. It must have passed `checkCrd`. */
export function serveDefinition(definition: CustomResourceDefinition, cache: ObjectCache, rules: KindRules = customKindRules): ServedKind {
  const { spec, metadata } = definition;
  const storageName = spec.versions.find(({ storage }) => storage)?.name ?? '';
  const versions = new Map(
    spec.versions.map((version) => [version.name, serveVersion(definition, version, apiVersionOf(spec.group, storageName), rules)]),
  );
  const storage = versions.get(storageName);
  if (!storage) throw new Error(`${metadata.name} has no storage version`);
  return {
    group: spec.group,
    plural: spec.names.plural,
    kind: spec.names.kind,
    isNamespaced: spec.scope === 'Namespaced',
    prefix: resourcePrefix(spec.group, spec.names.plural),
    definition,
    versions: new Map([...versions].filter(([name]) => spec.versions.some((version) => version.name === name && version.served))),
    storage,
    cache,
    rules,
  };
}
