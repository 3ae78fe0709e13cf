import type { JsonObject } from '@river/crds';
import { groupVersionOf } from '../discovery/group-discovery.ts';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { refTo } from './meta-schemas.ts';
import { type Operation, operationsOf } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { answerTypes, pathsOf, responsesOf, securityScheme } from './paths.ts';
import { resourceSchemas } from './resource-schemas.ts';

/** Where the document about a kind stands, below `/openapi/v3/`. */
export const openApiV3Path = (info: ResourceInfo): string => `${info.group === '' ? 'api' : 'apis'}/${groupVersionOf(info)}`;

/** The document at `/openapi/v3/<path>`, where the path is `api/v1` or `apis/<group>/<version>`; undefined where nothing is served. */
export function openApiV3(infos: readonly ResourceInfo[], path: string): JsonObject | undefined {
  const served = infos.filter((info) => openApiV3Path(info) === path);
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
