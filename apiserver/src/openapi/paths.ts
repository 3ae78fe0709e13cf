import type { JsonObject } from '@river/crds';
import type { Operation } from './operations.ts';
import { type Parameter, pretty } from './parameters.ts';

/** How one version of OpenAPI says things. */
export interface Wording {
  parameter: (parameter: Parameter) => JsonObject;
  operation: (operation: Operation) => JsonObject;
}

/** The operations gathered by path, each path with the parameters that all its operations take. */
export function pathsOf(operations: readonly Operation[], wording: Wording): JsonObject {
  const paths = new Map<string, JsonObject>();
  for (const operation of operations) {
    const path = paths.get(operation.path) ?? { parameters: [...operation.pathParameters, pretty].map(wording.parameter) };
    path[operation.method] = { ...common(operation), ...wording.operation(operation) };
    paths.set(operation.path, path);
  }
  return Object.fromEntries([...paths].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** By the kind and the query parameters declared beside it, kubectl tells what the server can do. */
function common({ tag, description, id, action, isDeprecated, gvk: { group, version, kind } }: Operation): JsonObject {
  return {
    tags: [tag],
    description,
    operationId: id,
    ...(isDeprecated && { deprecated: true }),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, kind, version },
  };
}

const answerNames: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

/** The responses of an operation. What is said of a schema differs between the versions. */
export function responsesOf({ answers }: Operation, carrying: (schema: string) => JsonObject): JsonObject {
  const entries = Object.entries(answers).map(
    ([code, schema]) => [code, { description: answerNames[code] ?? '', ...carrying(schema) }] as const,
  );
  return { ...Object.fromEntries(entries), 401: { description: 'Unauthorized' } };
}

export const answerTypes = (action: Operation['action']): string[] =>
  action === 'list' ? ['application/json', 'application/json;stream=watch'] : ['application/json'];

export const securityScheme: JsonObject = {
  type: 'apiKey',
  in: 'header',
  name: 'authorization',
  description: 'Bearer, a space, and the token.',
};
