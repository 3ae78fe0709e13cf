import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Engine, EngineError, engine, imagePath, jsonLinesOf } from './engine.ts';

describe('what is asked of a container engine', () => {
  const signal = AbortSignal.timeout(60_000);
  let dir: string;
  let server: Server;
  let answer: RequestListener;
  let asked: Engine;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'river-engine-'));
    const socketPath = join(dir, 'engine.sock');
    server = createServer((request, response) => answer(request, response)).listen(socketPath);
    await once(server, 'listening');
    asked = engine(socketPath);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  });

  it('is asked with a query, JSON or a tar archive, and answered with JSON or nothing', async () => {
    const seen: unknown[] = [];
    answer = ({ method, url, headers }, response) => {
      seen.push([method, url, headers['content-type'], headers['x-more']]);
      response.end(method === 'GET' ? '{"a":1}' : '');
    };
    const query = { all: true, filters: { label: ['x=y&z'] }, none: undefined };
    assert.deepEqual(await asked.call('GET', '/containers/json', { query, signal }), { a: 1 });
    assert.equal(await asked.call('POST', '/one', { body: { b: 2 }, headers: { 'X-More': 'm' }, signal }), undefined);
    await asked.call('POST', '/two', { body: Buffer.from('tar'), signal });
    assert.deepEqual(seen, [
      ['GET', '/containers/json?all=true&filters=%7B%22label%22%3A%5B%22x%3Dy%26z%22%5D%7D', undefined, undefined],
      ['POST', '/one', 'application/json', 'm'],
      ['POST', '/two', 'application/x-tar', undefined],
    ]);
  });

  it('refuses with a status and its own words, whether they are JSON or not', async () => {
    const refusals = ['{"message":"no such thing"}', ' plain words\n', ''];
    answer = (_, response) => response.writeHead(404).end(refusals.shift());
    for (const message of ['no such thing', 'plain words', 'status 404'])
      await assert.rejects(asked.call('GET', '/', { signal }), (error) => {
        assert.ok(error instanceof EngineError);
        assert.deepEqual([error.statusCode, error.message], [404, message]);
        return true;
      });
  });

  it('can be left at any time, before the answer and within it', async () => {
    answer = (_, response) => void response.writeHead(200).write('{"a":');
    await assert.rejects(asked.call('GET', '/', { signal: AbortSignal.timeout(50) }));
    answer = () => {};
    await assert.rejects(asked.call('GET', '/', { signal: AbortSignal.timeout(50) }));
  });

  it('tells lines as they come, also one without an end', async () => {
    answer = (_, response) => {
      response.write('{"n":1}\n\n{"n"');
      setImmediate(() => response.end(':2}\n{"n":3}'));
    };
    const lines: unknown[] = [];
    for await (const line of jsonLinesOf(await asked.stream('GET', '/events', { signal }))) lines.push(line);
    assert.deepEqual(lines, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('is not led elsewhere by the name of an image', () => {
    assert.equal(imagePath('lab/tool:1'), '/images/lab/tool%3A1');
    assert.equal(imagePath('x?all=1#y'), '/images/x%3Fall%3D1%23y');
    for (const image of ['a/../../containers/b', 'a//b', './a']) assert.throws(() => imagePath(image), /is no name of an image/);
  });

  it('that is not there says so', async () => {
    await assert.rejects(engine(join(dir, 'nothing')).call('GET', '/', { signal }), { code: 'ENOENT' });
  });
});
