import { z } from 'zod';
import type { CrdVersion, CustomResourceDefinition, PrinterColumn } from './meta/custom-resource-definition.ts';
import { checkSchema } from './schema/check-schema.ts';
import { emitSchema } from './schema/emit-schema.ts';
import { pathSchema } from './schema/path-schema.ts';
import { SchemaError } from './schema/schema-error.ts';
import type { StructuralSchema } from './schema/structural-schema.ts';

/** The fields of an object beside apiVersion, kind and metadata: usually spec and status. */
export type Fields = Readonly<Record<string, z.ZodType>>;

export interface ResourceDescription<F extends Fields> {
  /** Empty for Kubernetes' core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  /** The kind in lower case unless told otherwise. */
  singular?: string;
  scope: 'Namespaced' | 'Cluster';
  /** What `kubectl explain` says of the kind. */
  description: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  columns?: readonly PrinterColumn[];
  /** Paths such as `.spec.nodeName`; or a path and the name by which it is selected, where that is not the path. */
  selectableFields?: readonly (string | { jsonPath: string; label: string })[];
  subresources?: NonNullable<CrdVersion['subresources']>;
  fields: F;
}

const apiVersionText =
  'APIVersion defines the versioned schema of this representation of an object, group and version in one: `river.dev/v1`.';
const kindText = 'Kind says which resource this object is. In CamelCase, and fixed for the life of the object.';
const metadataText = 'Standard object metadata: name, namespace, labels, annotations, owners.';

function openApiSchema(description: ResourceDescription<Fields>): StructuralSchema {
  const body = emitSchema(z.object(description.fields), description.kind);
  const schema: StructuralSchema = {
    type: 'object',
    description: description.description,
    ...(body.required && { required: body.required }),
    properties: {
      apiVersion: { type: 'string', description: apiVersionText },
      kind: { type: 'string', description: kindText },
      metadata: { type: 'object', description: metadataText },
      ...body.properties,
    },
  };
  checkSchema(schema, description.kind);
  return schema;
}

/** The definition under which any Kubernetes API server serves the kind. @throws SchemaError */
export function buildCrd(description: ResourceDescription<Fields>): CustomResourceDefinition {
  const { group, kind, plural, scope } = description;
  const version = buildVersion(description);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: group === '' ? plural : `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: description.singular ?? kind.toLowerCase(),
        ...(description.shortNames && { shortNames: [...description.shortNames] }),
        ...(description.categories && { categories: [...description.categories] }),
      },
      scope,
      versions: [version],
    },
  };
}

function buildVersion(description: ResourceDescription<Fields>): CrdVersion {
  const schema = openApiSchema(description);
  const selectable = (description.selectableFields ?? []).map((field) => (typeof field === 'string' ? { jsonPath: field } : field));
  const { columns, subresources } = description;
  const paths = [...selectable.map((field) => field.jsonPath), ...(columns ?? []).map((column) => column.jsonPath)];
  for (const path of [...paths, ...scalePaths(subresources)]) {
    if (!pathSchema(schema, path)) throw new SchemaError(description.kind, `${path} leads to no field`);
  }
  return {
    name: description.version,
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schema },
    ...(subresources && { subresources }),
    ...(columns && { additionalPrinterColumns: columns.map((column) => ({ ...column })) }),
    ...(selectable.length > 0 && { selectableFields: selectable }),
  };
}

function scalePaths(subresources: CrdVersion['subresources']): string[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  return [scale.specReplicasPath, scale.statusReplicasPath, ...(scale.labelSelectorPath ? [scale.labelSelectorPath] : [])];
}
