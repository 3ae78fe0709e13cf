import assert from 'node:assert/strict';
import { createServer, get, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { ApiError } from '@river/crds';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { documents } from './documents.ts';

const info = (kind: string): ResourceInfo => ({
  group: 'river.dev',
  version: 'v1',
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  kind,
  listKind: `${kind}List`,
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['get', 'list'],
  hasStatus: false,
  scale: null,
  schema: { type: 'object' },
  columns: [],
  selectableFields: [],
  storageVersion: 'v1',
  deprecated: false,
});

let infos: readonly ResourceInfo[] = [info('Task')];
const answer = documents({
  infos: () => infos,
  build: { version: '1.2.3' },
  readiness: () => [],
  metrics: async () => ({ body: '', contentType: 'text/plain' }),
  auditHead: undefined,
  accounts: { issuer: 'https://issuer.test', published: { keys: [] } },
});
const requester = { user: { name: 'ada', groups: [] } };
const server = createServer((request, response) => {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
  answer({ request, response, pathname, query, requester, warnings: [] } as never, pathname.split('/').filter(Boolean)).catch((error) => {
    response.statusCode = error instanceof ApiError ? error.code : 500;
    response.end(String(error));
  });
});

interface Answer {
  code: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
const ask = (path: string, headers: Record<string, string> = {}) =>
  new Promise<Answer>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    get({ port, path, headers }, async (response) => {
      const pieces = await response.toArray();
      resolve({ code: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) });
    }).on('error', reject);
  });

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => server.close());

const proto = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

describe('/openapi/v2', () => {
  for (const accept of [proto, proto.replace('v2.v1', 'v2@v1'), `application/json;q=0.1, ${proto};q=0.2`]) {
    it(`is protobuf for ${accept}`, async () => {
      const { code, headers, body } = await ask('/openapi/v2', { accept });
      assert.deepEqual([code, headers['content-type'], headers.vary], [200, proto, 'Accept']);
      assert.equal(body.subarray(0, 5).toString('latin1'), '\n\u00032.0');
    });
  }

  it('is JSON for others, under another entity tag', async () => {
    const [json, protobuf, again] = await Promise.all([ask('/openapi/v2'), ask('/openapi/v2', { accept: proto }), ask('/openapi/v2')]);
    assert.equal(json.headers['content-type'], 'application/json');
    assert.equal(JSON.parse(json.body.toString()).swagger, '2.0');
    assert.notEqual(json.headers.etag, protobuf.headers.etag);
    assert.equal(json.headers.etag, again.headers.etag);
    const known = await ask('/openapi/v2', { accept: proto, 'if-none-match': protobuf.headers.etag ?? '' });
    assert.deepEqual([known.code, known.body.length], [304, 0]);
  });

  it('is nothing that nobody can make', async () => {
    const { code, body } = await ask('/openapi/v2', { accept: 'application/yaml' });
    assert.equal(code, 406);
    assert.match(body.toString(), /application\/json, application\/com\.github\.proto-openapi/);
    assert.equal((await ask('/openapi/v2/more')).code, 404);
  });

  it('speaks of a new kind at once', async () => {
    assert.ok(!(await ask('/openapi/v2', { accept: proto })).body.includes('dev.river.v1.Queue'));
    infos = [...infos, info('Queue')];
    assert.ok((await ask('/openapi/v2', { accept: proto })).body.includes('dev.river.v1.Queue'));
  });
});

describe('/openapi/v3', () => {
  it('leads from the index to documents, and is JSON only', async () => {
    const { paths } = JSON.parse((await ask('/openapi/v3')).body.toString());
    const link: string = paths['apis/river.dev/v1'].serverRelativeURL;
    assert.equal(JSON.parse((await ask(link)).body.toString()).openapi, '3.0.0');
    assert.equal((await ask('/openapi/v3', { accept: proto })).code, 406);
  });
});
