import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { negotiateOpenApiV2 } from './negotiate-v2.ts';

const kubectl = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const valid = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

describe('the form of /openapi/v2', () => {
  const cases: [accept: string | undefined, form: ReturnType<typeof negotiateOpenApiV2>][] = [
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/*', 'json'],
    ['application/json', 'json'],
    ['application/json, */*', 'json'],
    [kubectl, 'protobuf'],
    [valid, 'protobuf'],
    [kubectl.toUpperCase(), 'protobuf'],
    [`${kubectl};q=0.8`, 'protobuf'],
    [`${kubectl}, */*`, 'protobuf'],
    [`text/html, ${valid}, application/json`, 'protobuf'],
    [`application/json;q=0.5, ${kubectl}`, 'protobuf'],
    [`application/json, ${kubectl}`, 'json'],
    [`${kubectl};q=0.5, application/json;q=0.6`, 'json'],
    [`${kubectl};q=0, application/json;q=0.1`, 'json'],
    [`${kubectl};q=0`, 'notAcceptable'],
    ['application/yaml', 'notAcceptable'],
    ['application/com.github.proto-openapi.spec.v3.v1.0+protobuf', 'notAcceptable'],
    [valid.replace('application', 'text'), 'notAcceptable'],
  ];
  for (const [accept, form] of cases) it(`is ${form} for ${accept ?? 'no header'}`, () => assert.equal(negotiateOpenApiV2(accept), form));
});
