import { isObject, type JsonObject, type StructuralSchema } from '@river/crds';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { apiVersion, described, intOrStringName, kind, metaName, metaSchemas, refTo, scaleSchemas } from './meta-schemas.ts';
import { listSchemaName, schemaName } from './schema-name.ts';

const gvk = ({ group, version }: ResourceInfo, kindName: string) => ({
  'x-kubernetes-group-version-kind': [{ group, kind: kindName, version }],
});
const metadata = described('What every object has whatever its kind: its name, its labels, its owners.', metaName('ObjectMeta'));

/** Every schema that a document about these kinds needs, by name. */
export function resourceSchemas(infos: readonly ResourceInfo[]): JsonObject {
  const schemas: [name: string, schema: JsonObject][] = Object.entries(metaSchemas);
  if (infos.some((info) => info.scale)) schemas.push(...Object.entries(scaleSchemas));
  for (const info of infos) {
    schemas.push([schemaName(info), kindSchema(info)]);
    if (info.verbs.includes('list')) schemas.push([listSchemaName(info), listSchema(info)]);
  }
  return Object.fromEntries(schemas.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function kindSchema(info: ResourceInfo): JsonObject {
  const { properties, ...published } = publish(info.schema);
  return {
    ...published,
    type: 'object',
    properties: { ...(isObject(properties) && properties), apiVersion, kind, metadata },
    ...gvk(info, info.kind),
  };
}

const listSchema = (info: ResourceInfo): JsonObject => ({
  description: `A list of ${info.kind} objects.`,
  type: 'object',
  required: ['items'],
  properties: {
    apiVersion,
    items: { description: 'The objects.', type: 'array', items: refTo(schemaName(info)) },
    kind,
    metadata: described('The revision that the list shows, and how to go on.', metaName('ListMeta')),
  },
  ...gvk(info, info.listKind),
});

const mapValues = <T>(record: Record<string, T>, map: (value: T) => JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

/** The schema as it is, with what an object inside an object has beside its own fields, and with a name for what may be a number or a string. */
function publish(schema: StructuralSchema): JsonObject {
  if (schema['x-kubernetes-int-or-string']) return publishIntOrString(schema);
  const { properties, additionalProperties, items, ...rest } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] ? { apiVersion, kind, metadata } : undefined;
  return {
    ...(rest as JsonObject), // only undefined-free optional fields stand between the two types
    ...((properties || embedded) && { properties: { ...mapValues(properties ?? {}, publish), ...embedded } }),
    ...(additionalProperties !== undefined && {
      additionalProperties: typeof additionalProperties === 'boolean' ? additionalProperties : publish(additionalProperties),
    }),
    ...(items && { items: publish(items) }),
  };
}

/** Clients show the name that is referred to, and have nothing to show for two types at once. */
function publishIntOrString({ anyOf, allOf, ...rest }: StructuralSchema): JsonObject {
  const constraints = allOf?.filter((each) => !each.anyOf) ?? [];
  return { ...(rest as JsonObject), allOf: [refTo(intOrStringName), ...(constraints as JsonObject[])] }; // as in publish
}
