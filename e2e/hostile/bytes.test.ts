import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Answer, applyType, jsonPatchType, mergeType, strategicType } from '../server/http.ts';
import { head, openTls, parseAnswer, sendRaw } from './raw.ts';
import { assertCivil, configMap, configMaps, victim } from './victim.ts';

const runs = Number(process.env.RIVER_FUZZ_RUNS ?? 150);

describe('a server that is sent what no client would send', () => {
  const { server, api } = victim('memory');
  /** fast-check prints the seed and the smallest input that fails. */
  const check = (property: fc.IAsyncProperty<unknown>, numRuns = runs) => fc.assert(property, { numRuns });

  it('outlives random bytes instead of HTTP', () =>
    check(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        assertCivil(await sendRaw(server(), Buffer.from(bytes), 30), 'random bytes');
      }),
      Math.ceil(runs / 3),
    ));

  it('outlives random bytes and random JSON as bodies of every verb and type', () => {
    const types = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/plain', ''];
    const patches = [jsonPatchType, mergeType, strategicType, applyType];
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from('k8s\0'), bytes])),
      fc.json().map((text) => Buffer.from(text)),
      fc.jsonValue().map((spec) => Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: spec, data: spec }))),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify({ metadata: { managedFields: value, finalizers: value, labels: value } }))),
      fc.array(fc.jsonValue(), { maxLength: 3 }).map((value) => Buffer.from(JSON.stringify(value))),
    );
    return check(
      fc.asyncProperty(fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'), fc.nat(), body, async (method, pick, bytes) => {
        const kinds = method === 'PATCH' ? patches : types;
        const path = method === 'POST' ? configMaps : `${configMaps}/fuzz?fieldManager=fuzz`;
        const type = kinds[pick % kinds.length] ?? '';
        assertCivil(await api().call(method, path, { body: bytes, type }), `${method} ${type}`);
      }),
      runs * 2,
    );
  });

  it('outlives random paths and parameters', () =>
    check(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'configmaps', '..', '%00', '%2F', '%ff', 'é', 'river.dev'),
            fc.string(),
          ),
          {
            maxLength: 7,
          },
        ),
        fc.dictionary(
          fc.constantFrom(
            'limit',
            'continue',
            'watch',
            'timeoutSeconds',
            'labelSelector',
            'fieldSelector',
            'resourceVersion',
            'sendInitialEvents',
          ),
          fc.oneof(fc.string(), fc.constantFrom('-1', '0', '1e15', '99999999999999999999', 'true', '1')),
        ),
        async (parts, query) => {
          const path = `/${parts.map((part) => part.replace(/[\s?#]/g, '_').replace(/[^\x21-\x7e]/g, encodeURIComponent)).join('/')}`;
          const parameters = new URLSearchParams({ ...query, timeoutSeconds: '1' });
          delete query.watch;
          assertCivil(await api().get(`${path}?${parameters}`.replace('watch=', 'x=')), path);
        },
      ),
    ));

  const oddities: Record<string, { send: () => string; status: number[] }> = {
    'both a content length and chunks': {
      send: () => `${head(server(), 'POST', configMaps, ['Content-Length: 5', 'Transfer-Encoding: chunked'])}0\r\n\r\n`,
      status: [400],
    },
    'two content lengths': {
      send: () => `${head(server(), 'POST', configMaps, ['Content-Length: 2', 'Content-Length: 3'])}{}`,
      status: [400],
    },
    'a chunk whose size is no number': {
      send: () => `${head(server(), 'POST', configMaps, ['Transfer-Encoding: chunked'])}zz\r\n\r\n`,
      status: [400],
    },
    'HTTP/1.0': { send: () => head(server(), 'GET', '/livez', [], 'HTTP/1.0'), status: [200] },
    'HTTP/9.9': { send: () => head(server(), 'GET', '/livez', [], 'HTTP/9.9'), status: [400, 505] },
    TRACE: { send: () => head(server(), 'TRACE', configMaps), status: [405] },
    'OPTIONS of everything': { send: () => head(server(), 'OPTIONS', '*'), status: [404, 405] },
    CONNECT: { send: () => head(server(), 'CONNECT', 'localhost:80'), status: [0, 404, 405] },
    'an upgrade': { send: () => head(server(), 'GET', '/livez', ['Connection: Upgrade', 'Upgrade: h2c']), status: [200] },
    'an expectation that nobody has': { send: () => head(server(), 'GET', '/livez', ['Expect: miracles']), status: [417] },
    'a whole URL as its path': { send: () => head(server(), 'GET', 'https://elsewhere/api/v1/namespaces'), status: [404] },
    '100 KiB of headers': { send: () => head(server(), 'GET', '/livez', [`X-Long: ${'x'.repeat(100_000)}`]), status: [431] },
    'a compressed body': {
      send: () => `${head(server(), 'POST', configMaps, ['Content-Encoding: gzip', 'Content-Length: 4'])}\x1f\x8b\x08\x00`,
      status: [400, 415],
    },
    'a NUL in a name': { send: () => head(server(), 'GET', `${configMaps}/a%00b`), status: [404] },
    'a slash in a name': { send: () => head(server(), 'GET', `${configMaps}/a%2Fb`), status: [404] },
    'a way out of the namespace': { send: () => head(server(), 'GET', `${configMaps}/..%2F..%2Fkube-system`), status: [404] },
    'percent signs that stand for nothing': { send: () => head(server(), 'GET', `${configMaps}/%zz`), status: [400] },
    'a path of 30,000 parts': { send: () => head(server(), 'GET', '/a'.repeat(14_000)), status: [404] },
  };
  for (const [what, { send, status }] of Object.entries(oddities)) {
    it(`answers ${what} as it should`, async () => {
      const answer = await sendRaw(server(), Buffer.from(send(), 'latin1'), 3_000);
      assert.ok(status.includes(answer.status), `${answer.status} ${answer.head} ${answer.body.slice(0, 300)}`);
      assertCivil(answer, what);
    });
  }

  it('answers requests that did not wait for each other in their order, and ends a connection with too many of them', async () => {
    const three =
      head(server(), 'GET', '/livez') + head(server(), 'GET', '/version') + head(server(), 'GET', '/nowhere', ['Connection: close']);
    const socket = await openTls(server());
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(three);
    await closed;
    const statuses = [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/HTTP\/1\.1 (\d+)/g),
    ].map(([, status]) => status);
    assert.deepEqual(statuses, ['200', '200', '404']);
    const flood = await sendRaw(server(), head(server(), 'GET', `${configMaps}?watch=1`).repeat(200), 3_000);
    assert.ok(flood.status === 200 || flood.status === 0, `${flood.status}`);
  });

  it('asks for a body that waits to be asked for', async () => {
    const socket = await openTls(server());
    const body = JSON.stringify(configMap('expected'));
    socket.write(
      head(server(), 'POST', configMaps, ['Expect: 100-continue', 'Content-Type: application/json', `Content-Length: ${body.length}`]),
    );
    const first: Buffer = await new Promise((resolve) => socket.once('data', resolve));
    assert.equal(parseAnswer(first).status, 100);
    const second: Promise<Buffer> = new Promise((resolve) => socket.once('data', resolve));
    socket.write(body);
    assert.equal(parseAnswer(await second).status, 201);
    socket.destroy();
  });

  const bodies: Record<string, { body: () => unknown; type?: string; method?: string; path?: string; status: number[] }> = {
    'a body nested 100,000 deep': { body: () => '['.repeat(100_000), status: [400] },
    'an object nested 10,000 deep': { body: () => `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, status: [400] },
    'a number beyond all doubles': {
      body: () => '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"n","generation":1e999}}',
      status: [400],
    },
    'an integer of 100,000 digits': { body: () => `{"kind":"ConfigMap","metadata":{"generation":${'9'.repeat(100_000)}}}`, status: [400] },
    'invalid UTF-8': { body: () => Buffer.from('{"kind":"ConfigMap","metadata":{"name":"\xff\xfe"}}', 'latin1'), status: [400] },
    'a lone surrogate in a name': { body: () => '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"\\ud800"}}', status: [422] },
    'more than 1.5 MiB': { body: () => ' '.repeat(1.5 * 1024 * 1024 + 1), status: [413] },
    'exactly 1.5 MiB of nothing': { body: () => ' '.repeat(1.5 * 1024 * 1024), status: [400] },
    '100,000 fields': {
      body: () => configMap('fields', Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`k${at}`, '']))),
      status: [413],
    },
    'a bomb of YAML aliases': {
      body: () =>
        [
          'a: &a [x,x,x,x,x,x,x,x,x]',
          ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`)}]`),
        ].join('\n'),
      type: 'application/yaml',
      status: [400],
    },
    'a bomb of JSON patch copies': {
      body: () => [
        { op: 'add', path: '/data/a', value: 'x'.repeat(1000) },
        ...Array.from({ length: 40 }, () => ({ op: 'copy', from: '/data', path: '/data/a' })),
      ],
      type: jsonPatchType,
      method: 'PATCH',
      path: `${configMaps}/seed`,
      status: [422],
    },
    'a merge patch nested 10,000 deep': {
      body: () => `${'{"data":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      type: mergeType,
      method: 'PATCH',
      path: `${configMaps}/seed`,
      status: [400],
    },
    'managedFields that are none': {
      body: () => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { managedFields: [{ manager: 1, fieldsV1: { 'f:': { x: '.' } } }] } }),
      type: applyType,
      method: 'PATCH',
      path: `${configMaps}/seed?fieldManager=x`,
      status: [400, 422],
    },
  };
  for (const [what, { body, type, method = 'POST', path = configMaps, status }] of Object.entries(bodies)) {
    it(`refuses ${what}`, async () => {
      await api().call('POST', configMaps, { body: configMap('seed', { a: 'b' }) });
      const answer = await api()
        .call(method, path, { body: body(), ...(type && { type }) })
        .catch(cutOff);
      assert.ok(status.includes(answer.status), `${answer.status} ${answer.text.slice(0, 300)}`);
      assertCivil(answer, what);
      assert.ok(answer.text.length < 10_000, `the answer is ${answer.text.length} long`);
    });
  }

  it('lets no wrong address of a document spoil the document for others', async () => {
    for (const path of [
      '/openapi/v3/elsewhere/river.dev/v1',
      '/openapi/v3/apis/river.dev/v1/more',
      '/openapi/v3/api/v1/more',
      '/apis/river.dev/v1/x/y/z/w',
    ]) {
      assert.equal((await api().get(path)).status, 404, path);
    }
    assert.ok((await api().get('/openapi/v3/apis/river.dev/v1')).json.paths);
    assert.ok((await api().get('/openapi/v3/api/v1')).json.paths);
  });

  it('keeps __proto__ and constructor as the words that they are, or refuses them', async () => {
    const text =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto","labels":{"constructor":"a"}},"data":{"constructor":"x","__proto__":"y"}}';
    const answer = await api().call('POST', configMaps, { body: text });
    assert.equal(answer.status, 201, answer.text);
    const { data, metadata } = (await api().get(`${configMaps}/proto`)).json;
    assert.equal(data.constructor, 'x');
    assert.equal(metadata.labels.constructor, 'a');
    for (const body of [
      '{"__proto__":{"polluted":1}}',
      '{"metadata":{"__proto__":{"polluted":"1"},"constructor":{"prototype":{"polluted":"1"}}}}',
    ]) {
      assertCivil(await api().call('PATCH', `${configMaps}/proto`, { body, type: mergeType }), body);
    }
    assert.doesNotMatch((await api().get(configMaps)).text, /polluted/);
  });

  const reads: [path: string, status: number][] = [
    ['?limit=-1', 400],
    ['?limit=1e15', 400],
    ['?limit=999999999999999', 200],
    ['?continue=garbage', 400],
    ['?continue=eyJydiI6Ii0xIiwiYWZ0ZXIiOiIuLi8uLi8ifQ', 400],
    ['?resourceVersion=-1', 400],
    ['?resourceVersion=99999999999999999999999', 400],
    ['?labelSelector=((((', 400],
    [`?labelSelector=a in (${Array.from({ length: 5_000 }, (_, at) => `v${at}`)})`, 200],
    [`?labelSelector=a in (${Array.from({ length: 10_000 }, (_, at) => `v${at}`)})`, 431],
    [`?labelSelector=${Array.from({ length: 3_000 }, (_, at) => `!k${at}`)}`, 200],
    ['?fieldSelector=metadata.__proto__=x', 400],
    ['?watch=1&timeoutSeconds=-1', 400],
    ['?watch=perhaps', 400],
    ['?watch=1&timeoutSeconds=1&resourceVersion=1e3', 400],
  ];
  for (const [query, status] of reads) {
    it(`answers ${query.slice(0, 60)} with ${status}`, async () => {
      const answer: Answer = await api().get(configMaps + encodeURI(query));
      assert.equal(answer.status, status, answer.text.slice(0, 300));
    });
  }

  it('lets two race to delete, create and patch one object, and none of them sees half of it', async () => {
    const racing = Array.from({ length: 300 }, (_, at) => {
      if (at % 3 === 0) return api().call('POST', configMaps, { body: configMap('race', { at: `${at}` }, { finalizers: ['e.x/a'] }) });
      if (at % 3 === 1) return api().call('DELETE', `${configMaps}/race`);
      return api().call('PATCH', `${configMaps}/race`, { body: { metadata: { finalizers: null } }, type: mergeType });
    });
    for (const answer of await Promise.all(racing)) {
      assert.ok([200, 201, 404, 409].includes(answer.status), `${answer.status} ${answer.text}`);
    }
  });
});

/** The server closes on a body that is too long while it is still being sent: then there may be no answer to read. */
function cutOff(error: NodeJS.ErrnoException): Answer {
  assert.match(String(error.code), /EPIPE|ECONNRESET/);
  return { status: 413, headers: {}, bytes: Buffer.alloc(0), text: '', json: {} };
}
