import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { after, it } from 'node:test';
import { manualClock, systemClock } from '@river/runtime';
import { frame } from './frames.ts';
import { type GrpcOptions, grpcClient } from './grpc-client.ts';
import { GrpcError } from './grpc-error.ts';

const REQUEST = [Buffer.from('ask')];
const ANSWER = frame([Buffer.from('answer')]);
const GRPC = { ':status': 200, 'content-type': 'application/grpc' };

const cleanUp: (() => void)[] = [];
after(() => {
  for (const each of cleanUp) each();
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  return `127.0.0.1:${address.port}`;
}

/** An HTTP/2 server that does as `answer` says with the n-th stream. */
async function serve(answer: (stream: ServerHttp2Stream, count: number, headers: IncomingHttpHeaders) => void) {
  const sessions: ServerHttp2Session[] = [];
  let count = 0;
  // Node's own limit is smaller than some of the tests.
  const server = createServer({ maxSessionMemory: 1_000 });
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    stream.resume();
    answer(stream, count++, headers);
  });
  const endpoint = await listening(server);
  cleanUp.push(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return { endpoint, sessions };
}

/** What a TCP server does that knows no HTTP/2. */
async function serveBytes(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  cleanUp.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listening(server);
}

function connected(endpoint: string, options: Partial<GrpcOptions> = {}) {
  const client = grpcClient({ endpoint, deadlineMs: 8_000, clock: systemClock, ...options });
  cleanUp.push(() => client.close());
  return client;
}

const ask = (endpoint: string): Promise<Buffer> => connected(endpoint).call('/test', REQUEST);

function respond(stream: ServerHttp2Stream, trailers: Record<string, string>, ...chunks: Buffer[]): void {
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
}

/** Without trailers. */
function page(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders, body: Buffer | string): void {
  stream.respond(headers);
  stream.end(body);
}

const good = (stream: ServerHttp2Stream): void => respond(stream, { 'grpc-status': '0' }, ANSWER);

const failsWith = (code: number, message: RegExp) => (error: unknown) =>
  error instanceof GrpcError && error.code === code && (message.test(error.message) || assert.fail(error.message));

it('sends what gRPC asks for, and gives back the message', async () => {
  const seen: [IncomingHttpHeaders, Buffer][] = [];
  const { endpoint } = await serve((stream, _, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      seen.push([headers, Buffer.concat(chunks)]);
      good(stream);
    });
  });
  assert.equal(String(await ask(endpoint)), 'answer');
  const [[headers, body]] = seen as [[IncomingHttpHeaders, Buffer]];
  assert.deepEqual(body, frame(REQUEST));
  const { ':method': method, ':path': path, ':authority': authority, te, 'content-type': type, 'grpc-timeout': timeout } = headers;
  assert.deepEqual([method, path, authority, te, type, timeout], ['POST', '/test', endpoint, 'trailers', 'application/grpc', '8000m']);
});

it('takes an answer of many megabytes, and many calls at once over one connection', async () => {
  const large = Buffer.alloc(6 << 20, 7);
  const { endpoint, sessions } = await serve((stream) => respond(stream, { 'grpc-status': '0' }, frame([large])));
  const client = connected(endpoint);
  assert.deepEqual(await client.call('/test', [large]), large);
  const answers = await Promise.all(Array.from({ length: 6 }, () => client.call('/test', [large])));
  assert.ok(answers.every((answer) => answer.length === large.length));
  assert.equal(sessions.length, 1);
});

it('waits its turn where the server takes only some streams at a time', async () => {
  let running = 0;
  const { endpoint, sessions } = await serve((stream) => {
    running++;
    assert.ok(running <= 2);
    setImmediate(() => {
      running--;
      good(stream);
    });
  });
  const client = connected(endpoint);
  await client.call('/test', REQUEST);
  await new Promise<void>((resolve) => sessions[0]?.settings({ maxConcurrentStreams: 2 }, () => resolve()));
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.call('/test', REQUEST)));
  assert.deepEqual([answers.length, sessions.length], [20, 1]);
});

it('fails with the status and the decoded message of the peer, with or without a body', async () => {
  const { endpoint: early } = await serve((stream) => {
    stream.respond({ ...GRPC, 'grpc-status': '11', 'grpc-message': 'too%20old: 100%' }, { endStream: true });
  });
  await assert.rejects(ask(early), failsWith(11, /^too%20old: 100%$/));
  const { endpoint: late } = await serve((stream) => respond(stream, { 'grpc-status': '8', 'grpc-message': 'full%3A %C3%A4' }, ANSWER));
  await assert.rejects(ask(late), failsWith(8, /^full: ä$/));
});

it('fails when the answer has no status, no message, two messages or half a message', async () => {
  const cases: [RegExp, number, (stream: ServerHttp2Stream) => void][] = [
    [/without a status/, 14, (stream) => page(stream, GRPC, ANSWER)],
    [/^0 messages/, 13, (stream) => respond(stream, { 'grpc-status': '0' })],
    [/^2 messages/, 13, (stream) => respond(stream, { 'grpc-status': '0' }, ANSWER, ANSWER)],
    [/within a message/, 13, (stream) => respond(stream, { 'grpc-status': '0' }, ANSWER.subarray(0, 7))],
    [/too large/, 8, (stream) => respond(stream, { 'grpc-status': '0' }, Buffer.from('00ffffffff61', 'hex'))],
    [/compressed or no gRPC/, 13, (stream) => respond(stream, { 'grpc-status': '0' }, Buffer.from('<html></html>'))],
    [/HTTP status 503/, 14, (stream) => page(stream, { ':status': 503 }, 'busy')],
    [/not gRPC but text\/html/, 14, (stream) => page(stream, { 'content-type': 'text/html' }, 'hello')],
  ];
  for (const [message, code, answer] of cases) {
    const { endpoint } = await serve(answer);
    await assert.rejects(ask(endpoint), failsWith(code, message));
  }
});

it('fails when the stream is reset, before or within the answer, and uses the connection further', async () => {
  const { endpoint, sessions } = await serve((stream, count) => {
    if (count === 0) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    if (count > 1) return good(stream);
    stream.respond(GRPC);
    stream.write(ANSWER, () => stream.destroy(new Error('broken')));
  });
  const client = connected(endpoint);
  await assert.rejects(client.call('/test', REQUEST), failsWith(14, /REFUSED_STREAM/));
  await assert.rejects(client.call('/test', REQUEST), failsWith(14, /INTERNAL_ERROR/));
  assert.equal(String(await client.call('/test', REQUEST)), 'answer');
  assert.equal(sessions.length, 1);
});

it('finishes what runs when it is told to go away, and makes the next call on a new connection', async () => {
  const { endpoint, sessions } = await serve((stream, count) => {
    if (count > 0) return good(stream);
    stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
    setImmediate(() => good(stream));
  });
  const client = connected(endpoint);
  assert.equal(String(await client.call('/test', REQUEST)), 'answer');
  assert.equal(String(await client.call('/test', REQUEST)), 'answer');
  assert.equal(sessions.length, 2);
});

it('fails all calls on a connection that breaks, and makes the next on a new one', async () => {
  const { endpoint, sessions } = await serve((stream, count) => {
    if (count === 4) stream.session?.socket.destroy();
    if (count > 4) good(stream);
  });
  const client = connected(endpoint);
  const failed = await Promise.allSettled(Array.from({ length: 5 }, () => client.call('/test', REQUEST)));
  for (const each of failed) assert.ok(each.status === 'rejected' && failsWith(14, /./)(each.reason));
  assert.equal(String(await client.call('/test', REQUEST)), 'answer');
  assert.equal(sessions.length, 2);
});

it('fails when nobody listens, and when what answers is not HTTP/2', async () => {
  await assert.rejects(ask('127.0.0.1:1'), failsWith(14, /ECONNREFUSED/));
  await assert.rejects(ask(await serveBytes((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))), failsWith(14, /./));
  await assert.rejects(ask(await serveBytes((socket) => socket.write(Buffer.alloc(1_000, 0xff)))), failsWith(14, /./));
  await assert.rejects(ask(await serveBytes((socket) => socket.destroy())), failsWith(14, /./));
});

it('waits for a silent server until the deadline and no longer, connected or not', async () => {
  const reached = Promise.withResolvers<void>();
  const { endpoint } = await serve(() => reached.resolve());
  for (const silent of [endpoint, await serveBytes(() => reached.resolve())]) {
    const clock = manualClock();
    const call = connected(silent, { clock }).call('/test', REQUEST);
    await reached.promise;
    clock.advance(8_000);
    await assert.rejects(call, failsWith(4, /no answer in time/));
  }
});

it('gives up a connection that is not made in time, or whose peer does not answer a ping while a stream is open', async () => {
  const clock = manualClock();
  const broken = async (endpoint: string, until: Promise<void>, steps: number[]): Promise<string> => {
    const ended = Promise.withResolvers<GrpcError | undefined>();
    connected(endpoint, { clock }).stream('/test', REQUEST, { onMessage: () => {}, onEnd: ended.resolve });
    await until;
    for (const step of steps) clock.advance(step);
    return String((await ended.promise)?.message);
  };
  const greeted = Promise.withResolvers<void>();
  const silent = await serveBytes((socket) => socket.once('data', () => greeted.resolve()));
  assert.match(await broken(silent, greeted.promise, [10_000, 5_000]), /no answer to a ping/);
  assert.match(await broken(silent, Promise.resolve(), [10_000]), /no connection in time/);
});

it('hands over the messages of a stream until it is cancelled, and then nothing more', async () => {
  const gone = Promise.withResolvers<number>();
  const { endpoint } = await serve((stream) => {
    stream.respond(GRPC);
    for (let at = 0; at < 5; at++) stream.write(frame([Buffer.from(`${at}`)]));
    stream.on('close', () => gone.resolve(stream.rstCode));
  });
  const seen: string[] = [];
  const stream = connected(endpoint).stream('/test', REQUEST, {
    onMessage(message) {
      seen.push(String(message));
      if (seen.length === 3) stream.cancel();
    },
    onEnd: () => seen.push('end'),
  });
  assert.equal(await gone.promise, constants.NGHTTP2_CANCEL);
  assert.deepEqual(seen, ['0', '1', '2']);
});

it('hears how a stream ended although the peer leaves our direction open', async () => {
  const { endpoint } = await serve((stream) => respond(stream, { 'grpc-status': '14', 'grpc-message': 'no leader' }, ANSWER));
  const seen: string[] = [];
  const ended = Promise.withResolvers<GrpcError | undefined>();
  connected(endpoint).stream('/test', REQUEST, { onMessage: (message) => seen.push(String(message)), onEnd: ended.resolve });
  assert.ok(failsWith(14, /^no leader$/)(await ended.promise));
  assert.deepEqual(seen, ['answer']);
});

it('moves to a new connection before the numbers for streams run out, and the old one ends with its last stream', async () => {
  const { endpoint, sessions } = await serve(good);
  const client = connected(endpoint, { streamsPerSession: 2 });
  for (let at = 0; at < 4; at++) await client.call('/test', REQUEST);
  const parallel = await Promise.all([client.call('/test', REQUEST), client.call('/test', REQUEST), client.call('/test', REQUEST)]);
  assert.deepEqual([parallel.length, sessions.length], [3, 4]);
});

it('ends everything when it is closed, and refuses more', async () => {
  const arrived = Promise.withResolvers<void>();
  const { endpoint, sessions } = await serve((_, count) => count === 1 && arrived.resolve());
  const clock = manualClock();
  const client = connected(endpoint, { clock });
  const ended = Promise.withResolvers<GrpcError | undefined>();
  client.stream('/test', REQUEST, { onMessage: () => {}, onEnd: ended.resolve });
  const call = client.call('/test', REQUEST);
  await arrived.promise;
  const closed = Promise.all(sessions.map((session) => once(session, 'close')));
  client.close();
  await assert.rejects(call, failsWith(1, /closed/));
  assert.ok(await ended.promise);
  await closed;
  assert.equal(clock.nextInMs(), undefined);
  await assert.rejects(client.call('/test', REQUEST), failsWith(1, /closed/));
});
