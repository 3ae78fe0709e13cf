/**
 * The API described by itself: OpenAPI 3.0 per group and version, and swagger 2.0 for clients that are older.
 * Functions of the kinds served; the HTTP layer keeps the documents for as long as the kinds stay the same. Only the index remembers by itself.
 * @module
 */
export { negotiateOpenApiV2, openApiV2ProtobufType } from './negotiate-v2.ts';
export { openApiV2 } from './open-api-v2.ts';
export { openApiV2Protobuf } from './open-api-v2-protobuf.ts';
export { openApiV3 } from './open-api-v3.ts';
export { openApiV3Index } from './open-api-v3-index.ts';
