import type { JsonObject } from '@river/crds';
import { etagOf } from '../discovery/etag.ts';
import { groupVersionOf } from '../discovery/group-discovery.ts';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { refTo } from './meta-schemas.ts';
import { type Operation, operationsOf } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { answerTypes, pathsOf, responsesOf, securityScheme } from './paths.ts';
import { resourceSchemas } from './resource-schemas.ts';

const pathOf = (info: ResourceInfo) => `${info.group === '' ? 'api' : 'apis'}/${groupVersionOf(info)}`;

/**
 * What `/openapi/v3` answers: one document per group and version, each under a link that changes with its content,
 * so that a client may keep what it has read there for ever.
 */
export function openApiV3Index(infos: readonly ResourceInfo[]): { paths: Record<string, { serverRelativeURL: string }> } {
  const paths = [...new Set(infos.map(pathOf))].sort();
  const entries = paths.map((path) => {
    const hash = openApiV3Hash(openApiV3(infos, path) ?? {});
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
  });
  return { paths: Object.fromEntries(entries) };
}

/** The hash that the index gives a document: the entity tag of its compact JSON, without the quotes. */
export const openApiV3Hash = (document: JsonObject): string => etagOf(JSON.stringify(document)).slice(1, -1);

/** The document at `/openapi/v3/<path>`, where the path is `api/v1` or `apis/<group>/<version>`; undefined where nothing is served. */
export function openApiV3(infos: readonly ResourceInfo[], path: string): JsonObject | undefined {
  const served = infos.filter((info) => pathOf(info) === path);
  if (served.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: pathsOf(served.flatMap(operationsOf), { parameter, operation }),
    components: { schemas: resourceSchemas(served), securitySchemes: { BearerToken: securityScheme } },
    security: [{ BearerToken: [] }],
  };
}

const parameter = ({ name, in: place, type, description }: Parameter): JsonObject => ({
  name,
  in: place,
  description,
  ...(place === 'path' && { required: true }),
  schema: { type, uniqueItems: true },
});

const contentOf = (types: readonly string[], schema: string): JsonObject => ({
  content: Object.fromEntries(types.map((type) => [type, { schema: refTo(schema) }])),
});

function operation(operation: Operation): JsonObject {
  const { parameters, body, action } = operation;
  return {
    ...(parameters.length > 0 && { parameters: parameters.map(parameter) }),
    ...(body && { requestBody: { ...contentOf(body.contentTypes, body.schema), ...(body.isRequired && { required: true }) } }),
    responses: responsesOf(operation, (schema) => contentOf(answerTypes(action), schema)),
  };
}
