import { isObject, type JsonObject } from '@river/crds';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { fitV2 } from './fit-v2.ts';
import { type Operation, operationsOf } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { answerTypes, pathsOf, responsesOf, securityScheme } from './paths.ts';
import { resourceSchemas } from './resource-schemas.ts';

/** What `/openapi/v2` answers: everything that is served, in one swagger 2.0 document, for clients older than version 3. */
export function openApiV2(infos: readonly ResourceInfo[]): JsonObject {
  const schemas = Object.entries(resourceSchemas(infos));
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: pathsOf(infos.flatMap(operationsOf), { parameter, operation }),
    definitions: Object.fromEntries(schemas.map(([name, schema]) => [name, isObject(schema) ? fitV2(schema) : {}])),
    securityDefinitions: { BearerToken: securityScheme },
    security: [{ BearerToken: [] }],
  };
}

const parameter = ({ name, in: place, type, description }: Parameter): JsonObject => ({
  name,
  in: place,
  type,
  description,
  uniqueItems: true,
  ...(place === 'path' && { required: true }),
});

const schemaOf = (name: string): JsonObject => ({ schema: { $ref: `#/definitions/${name}` } });

function operation(operation: Operation): JsonObject {
  const { body, action } = operation;
  const bodyParameter = body && { name: 'body', in: 'body', ...(body.isRequired && { required: true }), ...schemaOf(body.schema) };
  return {
    schemes: ['https'],
    consumes: [...(body?.contentTypes ?? ['*/*'])],
    produces: answerTypes(action),
    parameters: [...(bodyParameter ? [bodyParameter] : []), ...operation.parameters.map(parameter)],
    responses: responsesOf(operation, schemaOf),
  };
}
