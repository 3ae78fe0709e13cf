import assert from 'node:assert/strict';
import { after, beforeEach, it } from 'node:test';
import { ApiError } from '@river/crds';
import { manualClock } from '../clock/manual-clock.ts';
import { scriptedServer, until } from '../testing/scripted-server.ts';
import { type ApiClientOptions, apiClient } from './api-client.ts';
import { TransportError } from './transport-error.ts';
import type { WatchEvent } from './watch-frames.ts';

const server = await scriptedServer();
let clock = manualClock();
beforeEach(() => {
  clock = manualClock();
});
after(() => server.stop());

const clientWith = (options: ApiClientOptions = {}) =>
  apiClient({ server: server.url, token: 't', namespace: 'default' }, { clock, ...options });
const failed = <T>(promise: Promise<T>): Promise<unknown> =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  );
const isTransport = (reason: string) => (error: unknown) => error instanceof TransportError && error.reason === reason;

it('throws what a Status says, with its causes and the time to wait', async () => {
  const answer = failed(clientWith().request({ method: 'POST', path: '/x', body: {} }));
  const status = {
    kind: 'Status',
    status: 'Failure',
    message: 'no such field',
    reason: 'Invalid',
    code: 422,
    details: { causes: [{ field: 'spec.a' }] },
  };
  (await server.next()).json(422, status, { 'retry-after': '7' });
  const error = await answer;
  assert(ApiError.is(error, 'Invalid'));
  assert.equal(error.message, 'no such field');
  assert.equal(error.details?.retryAfterSeconds, 7);
  assert.equal(error.details?.causes?.[0]?.field, 'spec.a');
});

it('names the code and the first line when a proxy answered instead of the server', async () => {
  const answer = failed(clientWith().request({ method: 'GET', path: '/x' }));
  const call = await server.next();
  call.response.writeHead(503).end('upstream is gone\nsecond line');
  const error = await answer;
  assert(ApiError.is(error, 'ServiceUnavailable'));
  assert.equal(error.message, 'the server answered 503: upstream is gone');
});

it('asks a read again once after a reset, and only once', async () => {
  const client = clientWith();
  const answer = client.request({ method: 'GET', path: '/x' });
  (await server.next()).reset();
  (await server.next()).json(200, { ok: true });
  assert.equal((await answer).body.toString(), '{"ok":true}');

  const lost = failed(client.request({ method: 'GET', path: '/x' }));
  (await server.next()).reset();
  (await server.next()).reset();
  assert(isTransport('Reset')(await lost));
});

it('never repeats a write that was reset, and says that it may have happened', async () => {
  const before = server.calls;
  const answer = failed(clientWith().request({ method: 'POST', path: '/x', body: {} }));
  (await server.next()).reset();
  const error = await answer;
  assert(error instanceof TransportError && error.reason === 'Reset' && error.mayHaveHappened);
  assert.equal(server.calls, before + 1);
});

it('knows that a refused connection carried nothing', async () => {
  const error = await failed(apiClient({ server: 'http://127.0.0.1:1', namespace: 'x' }).request({ method: 'POST', path: '/', body: {} }));
  assert(error instanceof TransportError && error.reason === 'Refused' && !error.mayHaveHappened);
});

it('waits as long as a 429 asks, then asks again, also for a write', async () => {
  const answer = clientWith().request({ method: 'POST', path: '/x', body: { a: 1 } });
  (await server.next()).json(429, { kind: 'Status', reason: 'TooManyRequests', code: 429 }, { 'retry-after': '2' });
  await until(() => clock.nextInMs() === 2_000);
  clock.advance(2_000);
  const second = await server.next();
  assert.equal(second.body, '{"a":1}');
  second.json(201, {});
  assert.equal((await answer).status, 201);
});

it('gives a 429 back when the wait would pass the deadline', async () => {
  const answer = failed(clientWith().request({ method: 'GET', path: '/x', timeoutMs: 1_000 }));
  (await server.next()).json(429, { kind: 'Status', reason: 'TooManyRequests', code: 429 }, { 'retry-after': '2' });
  assert(ApiError.is(await answer, 'TooManyRequests'));
});

it('gives up at the deadline when a server accepts and says nothing, also in the middle of a body', async () => {
  const silent = failed(clientWith().request({ method: 'GET', path: '/x' }));
  await server.next();
  clock.advance(30_000);
  assert(isTransport('Timeout')(await silent));

  const halfway = failed(clientWith().request({ method: 'GET', path: '/x' }));
  const call = await server.next();
  call.response.writeHead(200, { 'content-length': '100' });
  await new Promise((resolve) => call.response.write('half', resolve));
  clock.advance(30_000);
  assert(isTransport('Timeout')(await halfway));
  assert.equal(clock.nextInMs(), undefined);
});

it('ends with the reason of the signal', async () => {
  const stop = new AbortController();
  const answer = failed(clientWith().request({ method: 'GET', path: '/x', signal: stop.signal }));
  await server.next();
  const reason = new Error('the person pressed Ctrl-C');
  stop.abort(reason);
  assert.equal(await answer, reason);
  assert.equal(await failed(clientWith().request({ method: 'GET', path: '/x', signal: stop.signal })), reason);
});

it('passes on each warning of the server', async () => {
  const warnings: string[] = [];
  const answer = clientWith({ onWarning: (text) => warnings.push(text) }).request({ method: 'GET', path: '/x' });
  (await server.next()).json(200, {}, { warning: '299 - "unknown field \\"spec.x\\"", 299 - "v1beta1 is deprecated, use v1"' });
  await answer;
  assert.deepEqual(warnings, ['unknown field "spec.x"', 'v1beta1 is deprecated, use v1']);
});

it('reads the token file again after a minute, and keeps the last token while the file is away', async () => {
  let content: string | undefined = 'first\n';
  const readFile = () => {
    if (content === undefined) throw new Error('ENOENT');
    return content;
  };
  const client = apiClient({ server: server.url, tokenFile: '/token', namespace: 'x' }, { clock, readFile });
  const tokenSeen = async () => {
    const answer = client.request({ method: 'GET', path: '/x' });
    const call = await server.next();
    call.json(200, {});
    await answer;
    return call.headers.authorization;
  };
  assert.equal(await tokenSeen(), 'Bearer first');
  content = 'second';
  assert.equal(await tokenSeen(), 'Bearer first');
  clock.advance(60_000);
  assert.equal(await tokenSeen(), 'Bearer second');
  content = undefined;
  clock.advance(60_000);
  assert.equal(await tokenSeen(), 'Bearer second');
});

async function readWatch(client: ReturnType<typeof clientWith>, options = {}): Promise<{ events: WatchEvent[]; error?: unknown }> {
  const events: WatchEvent[] = [];
  try {
    for await (const event of client.stream({ path: '/w', ...options })) events.push(event);
    return { events };
  } catch (error) {
    return { events, error };
  }
}
const frame = (name: string) => ({ type: 'ADDED', object: { metadata: { name } } });

it('puts events together however the network cuts them', async () => {
  const reading = readWatch(clientWith());
  const call = await server.next();
  const bytes = Buffer.from(`${JSON.stringify(frame('größe-日本'))}\n${JSON.stringify(frame('b'))}\n\n${JSON.stringify(frame('c'))}\n`);
  call.response.writeHead(200);
  for (const byte of bytes) call.response.write(Buffer.from([byte]));
  call.response.end();
  const { events, error } = await reading;
  assert.equal(error, undefined);
  assert.deepEqual(
    events.map((event) => event.object.metadata.name),
    ['größe-日本', 'b', 'c'],
  );
});

it('tells a watch that ended in the middle of an event from one that ended', async () => {
  const reading = readWatch(clientWith());
  const call = await server.next();
  call.frames(frame('a'));
  call.response.end('{"type":"ADD');
  const { events, error } = await reading;
  assert.equal(events.length, 1);
  assert(isTransport('Truncated')(error));
});

it('refuses a line without end before it fills the memory', async () => {
  const reading = readWatch(clientWith({ maxLineBytes: 1_000 }));
  const call = await server.next();
  call.response.writeHead(200);
  call.response.write('x'.repeat(2_000));
  assert(isTransport('TooLarge')((await reading).error));
});

it('throws the Status of an ERROR event, and says of garbage that it is garbage', async () => {
  const expired = readWatch(clientWith());
  (await server.next()).frames({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } });
  assert(ApiError.is((await expired).error, 'Expired'));
  const garbled = readWatch(clientWith());
  (await server.next()).frames(['not an event']);
  assert(isTransport('Garbled')((await garbled).error));
});

it('gives a watch up after the agreed silence, counted from the last byte', async () => {
  const reading = readWatch(clientWith(), { idleMs: 90_000 });
  const call = await server.next();
  call.frames(frame('a'));
  await until(() => clock.nextInMs() === 90_000);
  clock.advance(60_000);
  call.frames(frame('b'));
  await until(() => clock.nextInMs() === 90_000);
  clock.advance(90_000);
  const { events, error } = await reading;
  assert.equal(events.length, 2);
  assert(isTransport('Idle')(error));
});

it('reads no further ahead of a busy reader than the sockets hold', async () => {
  const iterator = clientWith().stream({ path: '/w' })[Symbol.asyncIterator]();
  const first = iterator.next();
  const call = await server.next();
  call.response.writeHead(200);
  const line = `${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'x' }, data: 'y'.repeat(100_000) } })}\n`;
  let wrote = 0;
  await until(
    () => wrote >= 1_000 || call.response.writableLength > 5_000_000,
    () => wrote,
    () => {
      call.response.write(line);
      wrote++;
    },
  );
  assert(wrote < 1_000, 'the server could push everything into a reader that reads nothing');
  await first;
  await iterator.return?.(undefined);
  await until(() => call.response.destroyed);
});
