import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { pieceBytes } from '../pieces.ts';
import { writeParts } from './write-parts.ts';

async function serving(serve: (response: ServerResponse) => Promise<void>, use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((_request, response) => void serve(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it('writes every part once, in order, whatever their sizes, to many readers at once', async () => {
  const sizes = [0, 1, 7, pieceBytes - 1, pieceBytes, pieceBytes + 1, 3 * pieceBytes, 100, pieceBytes - 100, 5];
  const bodyOf = (seed: number) => sizes.map((size, at) => Buffer.alloc(size, seed + at));
  let seed = 0;
  const serve = async (response: ServerResponse) => {
    await writeParts(response, bodyOf(seed++ * 20));
    response.end();
  };
  await serving(serve, async (port) => {
    const read = async () => {
      const [response] = await once(get({ port, host: '127.0.0.1' }), 'response');
      return Buffer.concat(await response.toArray());
    };
    const bodies = await Promise.all(Array.from({ length: 8 }, read));
    const wanted = Array.from({ length: 8 }, (_, at) => Buffer.concat(bodyOf(at * 20)));
    for (const body of bodies) assert.ok(wanted.some((one) => one.equals(body)));
  });
});

it('fails when its reader leaves', async () => {
  const failed = Promise.withResolvers<unknown>();
  const serve = (response: ServerResponse) =>
    writeParts(response, endless()).then(() => failed.reject(new Error('it ended')), failed.resolve);
  await serving(serve, async (port) => {
    const [response] = await once(get({ port, host: '127.0.0.1' }), 'response');
    response.destroy();
    assert.ok((await failed.promise) instanceof Error);
  });
});

function* endless(): Generator<Buffer> {
  const part = Buffer.alloc(10_000);
  for (;;) yield part;
}
