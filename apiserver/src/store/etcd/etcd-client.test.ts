import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { it } from 'node:test';
import { StoreError } from '../store.ts';
import { etcdClient } from './etcd-client.ts';
import { frame } from './grpc/frames.ts';
import { integerField, messageField } from './protobuf/fields.ts';

/** Speaks gRPC, and answers every call with one message. */
async function answering(message: Buffer) {
  const sessions: ServerHttp2Session[] = [];
  const server = createServer();
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(frame([message]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  return {
    endpoint: `127.0.0.1:${address.port}`,
    close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

const NONSENSE = Buffer.from('0a0561', 'hex');
const KEY = Buffer.from('k');

it('takes an answer that is no message for an endpoint that does not answer, and moves on', { timeout: 20_000 }, async () => {
  const [bad, good] = [await answering(NONSENSE), await answering(Buffer.concat(messageField(1, integerField(3, 7n))))];
  const client = etcdClient([bad.endpoint, good.endpoint]);
  try {
    await assert.rejects(
      client.range({ key: KEY }),
      (error) => StoreError.is(error, 'Unavailable') && error.message.startsWith(`etcd at ${bad.endpoint}: `),
    );
    assert.equal((await client.range({ key: KEY })).revision, 7n);
  } finally {
    client.close();
    bad.close();
    good.close();
  }
});

it('says once that a watch is broken, and lets the next go to another endpoint', { timeout: 20_000 }, async () => {
  const [bad, good] = [await answering(NONSENSE), await answering(Buffer.concat(messageField(1, integerField(3, 7n))))];
  const client = etcdClient([bad.endpoint, good.endpoint]);
  try {
    let breaks = 0;
    const watch = (onResponse: () => void) =>
      new Promise<void>((resolve) => {
        const onBroken = () => {
          breaks++;
          resolve();
        };
        client.watch({ key: KEY, rangeEnd: KEY, startRevision: 1n }, { onResponse, onBroken });
      });
    await watch(() => assert.fail('that was no response'));
    let responses = 0;
    await watch(() => responses++);
    assert.deepEqual([breaks, responses], [2, 1]);
  } finally {
    client.close();
    bad.close();
    good.close();
  }
});
