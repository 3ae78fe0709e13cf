/**
 * The API described by itself: OpenAPI 3.0 per group and version, and swagger 2.0 for clients that are older.
 * Pure functions of the kinds served; the HTTP layer keeps the documents for as long as the kinds stay the same.
 * @module
 */
export { openApiV2 } from './open-api-v2.ts';
export { openApiV3, openApiV3Hash, openApiV3Index } from './open-api-v3.ts';
