import { type Cause, type CustomResourceDefinition, isObject, type KubeObject } from '@river/crds';
import { builtInDefinitions } from '@river/crds/definitions';
import { checkRules } from '../cel/index.ts';
import { asJson } from '../object/encode.ts';
import { checkCrd } from '../schema/check-crd.ts';
import { withoutNulls } from '../schema/schema-shape.ts';

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** The kind's schema has been applied, so the shape is that of a definition. */
export const asDefinition = (object: KubeObject): CustomResourceDefinition => object as unknown as CustomResourceDefinition;

/** Names that can be derived are, and a new definition is held until its objects are gone. */
export function completeDefinition(object: KubeObject, old: KubeObject | undefined): void {
  const { spec, metadata } = asDefinition(object);
  if (!spec?.names?.kind) return;
  spec.names.singular ||= spec.names.kind.toLowerCase();
  spec.names.listKind ||= `${spec.names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  dropSchemaNulls(object);
  if (!old) metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), cleanupFinalizer])];
  completeStatus(object);
}

/** The version's schemas are open to the kind of definitions, so what stands in them has not been checked yet. */
function dropSchemaNulls({ spec }: KubeObject): void {
  const versions = isObject(spec) && Array.isArray(spec.versions) ? spec.versions : [];
  for (const version of versions.filter(isObject)) {
    const { schema } = version;
    if (isObject(schema) && isObject(schema.openAPIV3Schema)) schema.openAPIV3Schema = withoutNulls(schema.openAPIV3Schema);
  }
}

function completeStatus(object: KubeObject): void {
  const definition = asDefinition(object);
  const storage = definition.spec.versions?.find((version) => version.storage)?.name;
  const stored = definition.status?.storedVersions ?? [];
  definition.status = {
    conditions: [],
    acceptedNames: { plural: '', kind: '' },
    ...definition.status,
    storedVersions: storage && !stored.includes(storage) ? [...stored, storage] : stored,
  };
}

export function checkDefinition(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const causes = checkCrd(asJson(object), old && asDefinition(old), (schema, at) =>
    checkRules(schema).map(({ path, reason, message }) => ({ reason, message, field: path === '' ? at : `${at}.${path}` })),
  );
  return [...ownKind(asDefinition(object)), ...causes];
}

/** The server's own kinds are defined by it alone: under another schema none of their rules would hold. */
function ownKind({ spec }: CustomResourceDefinition): Cause[] {
  const { group, names } = spec;
  const isOwn = ({ spec: own }: CustomResourceDefinition) =>
    own.group === group && (own.names.plural === names.plural || own.names.kind === names.kind);
  if (!builtInDefinitions.some(isOwn)) return [];
  const message = `Forbidden: ${names.plural}.${group} (${names.kind}) is a kind of the server itself`;
  return [{ reason: 'FieldValueForbidden', message, field: 'spec.names' }];
}
