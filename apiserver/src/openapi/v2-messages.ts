import { isObject } from '@river/crds';
import { any, contentOf, double, each, entries, type Field, flag, inside, integer, message, text, texts } from './protobuf-fields.ts';

// The messages of gnostic's openapi.v2, with the fields that an API server's swagger has.

const schemaContent = contentOf(
  {
    $ref: text(1),
    format: text(2),
    title: text(3),
    description: text(4),
    default: any(5),
    multipleOf: double(6),
    maximum: double(7),
    exclusiveMaximum: flag(8),
    minimum: double(9),
    exclusiveMinimum: flag(10),
    maxLength: integer(11),
    minLength: integer(12),
    pattern: text(13),
    maxItems: integer(14),
    minItems: integer(15),
    uniqueItems: flag(16),
    maxProperties: integer(17),
    minProperties: integer(18),
    required: texts(19),
    enum: each(any(20)),
    additionalProperties: inside(21, (out, value) => (typeof value === 'boolean' ? out.flag(2, value) : schema(1)(out, value))),
    type: inside(22, texts(1)),
    items: inside(23, schema(1)),
    properties: inside(25, entries(1, schema(2))),
    externalDocs: message(29, () => externalDocs),
    example: any(30),
  },
  31,
);
const externalDocs = contentOf({ description: text(1), url: text(2) }, 3);

function schema(number: number): Field {
  return message(number, () => schemaContent);
}

const bodyParameter = contentOf({ description: text(1), name: text(2), in: text(3), required: flag(4), schema: schema(5) });
const named = { required: flag(1), in: text(2), description: text(3), name: text(4) };
const queryParameter = contentOf({ ...named, type: text(6), uniqueItems: flag(20) });
const pathParameter = contentOf({ ...named, type: text(5), uniqueItems: flag(19) });

/** By the place in a request, since each place has its own message. */
const parameterIn: Readonly<Record<string, Field>> = {
  body: inside(
    1,
    message(1, () => bodyParameter),
  ),
  query: inside(
    1,
    inside(
      2,
      message(3, () => queryParameter),
    ),
  ),
  path: inside(
    1,
    inside(
      2,
      message(4, () => pathParameter),
    ),
  ),
};
const parameter =
  (number: number): Field =>
  (out, value) => {
    const field = isObject(value) && typeof value.in === 'string' ? parameterIn[value.in] : undefined;
    if (field) inside(number, field)(out, value);
  };

const response = contentOf({ description: text(1), schema: inside(2, schema(1)) });
const operation = contentOf(
  {
    tags: texts(1),
    summary: text(2),
    description: text(3),
    operationId: text(5),
    produces: texts(6),
    consumes: texts(7),
    parameters: each(parameter(8)),
    responses: inside(
      9,
      entries(
        1,
        inside(
          2,
          message(1, () => response),
        ),
      ),
    ),
    schemes: texts(10),
    deprecated: flag(11),
  },
  13,
);
const pathItem = contentOf({
  get: message(2, () => operation),
  put: message(3, () => operation),
  post: message(4, () => operation),
  delete: message(5, () => operation),
  options: message(6, () => operation),
  head: message(7, () => operation),
  patch: message(8, () => operation),
  parameters: each(parameter(9)),
});

const apiKey = contentOf({ type: text(1), name: text(2), in: text(3), description: text(4) });

const info = contentOf({ title: text(1), version: text(2), description: text(3) });

/** The document in three: what stands before its long parts, those parts entry by entry, and what stands behind them. */
export const documentStart = contentOf({ swagger: text(1), info: message(2, () => info) });
export const longParts = [
  {
    key: 'paths',
    number: 8,
    entry: entries(
      2,
      message(2, () => pathItem),
    ),
  },
  { key: 'definitions', number: 9, entry: entries(1, schema(2)) },
] as const;
export const documentEnd = contentOf({
  security: each(inside(12, entries(1, inside(2, texts(1))))),
  securityDefinitions: inside(
    13,
    entries(
      1,
      inside(
        2,
        message(2, () => apiKey),
      ),
    ),
  ),
});
