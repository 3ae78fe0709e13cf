import assert from 'node:assert/strict';
import { afterEach, beforeEach, it } from 'node:test';
import type { KubeObject } from '@river/crds';
import { apiClient } from '../client/api-client.ts';
import { type ManualClock, manualClock } from '../clock/manual-clock.ts';
import { type ScriptedServer, scriptedServer, until } from '../testing/scripted-server.ts';
import { type Informer, type InformerOptions, informer } from './informer.ts';

const resource = { group: 'river.dev', version: 'v1', plural: 'tasks', namespaced: true };
const labels = { queue: 'q' };
const object = (name: string, version: number, uid = `uid-${name}`): KubeObject => ({
  apiVersion: 'river.dev/v1',
  kind: 'Task',
  metadata: { name, namespace: 'lab', uid, resourceVersion: String(version), labels },
});
const event = (type: string, name: string, version: number, uid?: string) => ({ type, object: object(name, version, uid) });
const bookmark = (version: number, isEnd = false) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version), ...(isEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) } },
});
const failure = (code: number, reason: string, more = {}) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message: reason,
  ...more,
});

let server: ScriptedServer;
let clock: ManualClock;
let stop: AbortController;
let told: string[];
let watched: Informer<KubeObject>;

beforeEach(async () => {
  server = await scriptedServer();
  clock = manualClock();
  stop = new AbortController();
  told = [];
});
afterEach(async () => {
  stop.abort(new Error('over'));
  await watched.done;
  await server.stop();
  assert.equal(clock.nextInMs(), undefined, 'a timer outlived the informer');
});

function start(more: Partial<InformerOptions<KubeObject>> = {}): void {
  const client = apiClient({ server: server.url, namespace: 'x' }, { clock });
  const indexes = { byQueue: (item: KubeObject) => [item.metadata.labels?.queue ?? ''] };
  watched = informer({ client, resource, indexes, signal: stop.signal, clock, random: () => 0.5, ...more });
  watched.subscribe({
    added: (item) => told.push(`+${item.metadata.name}@${item.metadata.resourceVersion}`),
    updated: (item, previous) => told.push(`~${item.metadata.name}@${previous.metadata.resourceVersion}>${item.metadata.resourceVersion}`),
    deleted: (item) => told.push(`-${item.metadata.name}@${item.metadata.resourceVersion}`),
    synced: () => told.push('synced'),
  });
}
const seen = (count: number) =>
  until(
    () => told.length >= count,
    () => told,
  );
/** Lets the pause after a failure pass, but no deadline and no silence: those are far longer. */
const nextAfterPause = async () => {
  const before = server.calls;
  await until(
    () => server.calls > before,
    () => told,
    () => (clock.nextInMs() ?? 1e9) < 30_000 && clock.advance(clock.nextInMs() ?? 0),
  );
  return server.next();
};
/** Brings an informer to a@1 and b@2, at revision 2, and gives the watch that it follows. */
async function synced(more: Partial<InformerOptions<KubeObject>> = {}) {
  start(more);
  const call = await server.next();
  call.frames(event('ADDED', 'a', 1), event('ADDED', 'b', 2), bookmark(2, true));
  await watched.synced();
  told.length = 0;
  return call;
}

it('lists and watches in one stream where the server can, and goes on in the same stream', async () => {
  start();
  const call = await server.next();
  const asked = Object.fromEntries(call.url.searchParams);
  assert.deepEqual(asked, {
    watch: 'true',
    allowWatchBookmarks: 'true',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    timeoutSeconds: '450',
  });
  call.frames(event('ADDED', 'a', 1));
  assert.equal(watched.isSynced, false);
  call.frames(bookmark(7, true), event('MODIFIED', 'a', 8), event('DELETED', 'a', 9));
  await seen(4);
  assert.deepEqual(told, ['+a@1', 'synced', '~a@1>8', '-a@9']);
  assert.equal(watched.resourceVersion, '9');
  assert.equal(server.calls, 1);
});

it('falls back to pages and a watch where the server refuses a list in a stream', async () => {
  start();
  (await server.next()).json(422, failure(422, 'Invalid'));
  const first = await nextAfterPause();
  assert.equal(first.url.search, '?limit=500');
  first.json(200, { metadata: { resourceVersion: '5', continue: 'more' }, items: [object('a', 1)] });
  (await server.next()).json(200, { metadata: { resourceVersion: '5' }, items: [object('b', 2)] });
  const watch = await server.next();
  assert.equal(watch.url.searchParams.get('resourceVersion'), '5');
  assert.equal(watch.url.searchParams.get('sendInitialEvents'), null);
  assert.deepEqual(told, ['+a@1', '+b@2', 'synced']);
});

it('lists in one piece when the version of the pages is forgotten on the way', async () => {
  start();
  (await server.next()).json(400, failure(400, 'BadRequest'));
  (await nextAfterPause()).json(200, { metadata: { resourceVersion: '5', continue: 'more' }, items: [object('a', 1)] });
  (await server.next()).json(410, failure(410, 'Expired'));
  const whole = await server.next();
  assert.equal(whole.url.search, '');
  whole.json(200, { metadata: { resourceVersion: '6' }, items: [object('b', 6)] });
  await seen(2);
  assert.deepEqual(told, ['+b@6', 'synced']);
});

it('resumes at the last bookmark after a connection was reset, without listing', async () => {
  const call = await synced();
  call.frames(bookmark(40));
  await until(() => watched.resourceVersion === '40');
  call.reset();
  const again = await nextAfterPause();
  assert.equal(again.url.searchParams.get('resourceVersion'), '40');
  again.frames(event('ADDED', 'c', 41));
  await seen(1);
  assert.deepEqual(told, ['+c@41']);
});

it('resumes before a half-received event, which then arrives once', async () => {
  const call = await synced();
  call.frames(event('MODIFIED', 'a', 3));
  await seen(1);
  call.response.write(JSON.stringify(event('MODIFIED', 'a', 4)).slice(0, 50));
  call.reset();
  const again = await nextAfterPause();
  assert.equal(again.url.searchParams.get('resourceVersion'), '3');
  again.frames(event('MODIFIED', 'a', 4));
  await seen(2);
  assert.deepEqual(told, ['~a@1>3', '~a@3>4']);
});

it('leaves a connection that has gone silent, and does not leave one that sends bookmarks', async () => {
  const call = await synced({ idleMs: 90_000 });
  await until(() => clock.nextInMs() === 90_000);
  clock.advance(80_000);
  call.frames(bookmark(10));
  await until(() => clock.nextInMs() === 90_000);
  clock.advance(80_000);
  assert.equal(server.calls, 1);
  clock.advance(10_000);
  assert.equal((await nextAfterPause()).url.searchParams.get('resourceVersion'), '10');
});

for (const [how, expire] of [
  ['in the stream', (call: Awaited<ReturnType<typeof synced>>) => call.frames({ type: 'ERROR', object: failure(410, 'Expired') })],
  ['as an answer', (call: Awaited<ReturnType<typeof synced>>) => call.json(410, failure(410, 'Gone'))],
] as const)
  it(`lists again after 410 ${how}, and tells what vanished meanwhile as deleted and what did not change not at all`, async () => {
    let call = await synced();
    if (how === 'as an answer') {
      call.reset();
      call = await nextAfterPause();
    }
    expire(call);
    const list = await nextAfterPause();
    assert.equal(list.url.searchParams.get('sendInitialEvents'), 'true');
    list.frames(event('ADDED', 'b', 2), event('ADDED', 'c', 8), bookmark(9, true));
    await seen(2);
    assert.deepEqual(told, ['-a@1', '+c@8']);
    assert.deepEqual(
      watched.byIndex('byQueue', 'q').map((item) => item.metadata.name),
      ['b', 'c'],
    );
  });

it('tells an object that was replaced under the same name as deleted and added', async () => {
  const call = await synced();
  call.frames({ type: 'ERROR', object: failure(410, 'Expired') });
  (await nextAfterPause()).frames(event('ADDED', 'a', 8, 'another'), event('ADDED', 'b', 2), bookmark(9, true));
  await seen(2);
  assert.deepEqual(told, ['-a@1', '+a@8']);
});

it('tells no event twice and none of the past, also when a server repeats itself', async () => {
  const call = await synced();
  call.frames(
    event('ADDED', 'b', 2),
    event('MODIFIED', 'a', 1),
    event('MODIFIED', 'a', 10),
    event('MODIFIED', 'a', 9),
    event('DELETED', 'a', 3),
  );
  call.frames(event('MODIFIED', 'b', 11));
  await seen(2);
  assert.deepEqual(told, ['~a@1>10', '~b@2>11']);
});

it('follows a server that was restarted on the same port', async () => {
  await synced();
  await server.stop();
  // Refused while it is away: the pauses grow, and nothing is told.
  for (let pauses = 0; pauses < 4; pauses++) {
    await until(() => clock.nextInMs() !== undefined && (clock.nextInMs() ?? 0) < 30_000);
    clock.advance(clock.nextInMs() ?? 0);
    await until(() => clock.nextInMs() !== undefined);
  }
  await server.start();
  (await nextAfterPause()).frames(event('MODIFIED', 'a', 20));
  await seen(1);
  assert.deepEqual(told, ['~a@1>20']);
});

it('waits longer after each failure, up to a bound, and at least as long as a 429 asks', async () => {
  const call = await synced({ backoff: { baseMs: 100, maxMs: 400 } });
  call.reset();
  const pauses: number[] = [];
  const pause = async () => {
    await until(() => clock.nextInMs() !== undefined && (clock.nextInMs() ?? 0) < 30_000);
    const ms = clock.nextInMs() ?? 0;
    pauses.push(ms);
    clock.advance(ms);
    return server.next();
  };
  for (let failures = 0; failures < 4; failures++) (await pause()).json(500, failure(500, 'InternalError'));
  (await pause()).json(503, failure(503, 'ServiceUnavailable'), { 'retry-after': '20' });
  (await pause()).frames(event('MODIFIED', 'a', 3));
  await seen(1);
  assert.deepEqual(pauses, [100, 200, 400, 400, 400, 20_000]);
});

it('survives garbage in the stream and goes on from before it', async () => {
  const call = await synced();
  call.response.write('<html>not a watch</html>\n');
  const again = await nextAfterPause();
  assert.equal(again.url.searchParams.get('resourceVersion'), '2');
});

it('does not believe a list from the past until the server insists', async () => {
  const call = await synced();
  call.frames(event('MODIFIED', 'a', 50), { type: 'ERROR', object: failure(410, 'Expired') });
  await seen(1);
  for (let lists = 0; lists < 2; lists++) {
    (await nextAfterPause()).frames(event('ADDED', 'a', 1), bookmark(10, true));
    await until(() => clock.nextInMs() !== undefined && (clock.nextInMs() ?? 0) < 30_000);
    assert.deepEqual(told, ['~a@1>50']);
  }
  (await nextAfterPause()).frames(event('ADDED', 'a', 1), bookmark(10, true), event('MODIFIED', 'a', 11));
  await seen(4);
  assert.deepEqual(told, ['~a@1>50', '-b@2', '~a@50>1', '~a@1>11']);
});

it('remembers when it first saw a revision, also over a new list', async () => {
  const call = await synced();
  const before = watched.get('b', 'lab');
  assert(before);
  const at = clock.monotonicMs();
  clock.advance(5_000);
  call.frames(event('MODIFIED', 'a', 3), { type: 'ERROR', object: failure(410, 'Expired') });
  await seen(1);
  const relist = await nextAfterPause();
  relist.frames(event('ADDED', 'a', 3), event('ADDED', 'b', 2), event('ADDED', 'c', 4), bookmark(5, true));
  await seen(2);
  const a = watched.get('a', 'lab');
  assert(a);
  assert.equal(watched.seenAt(before), at);
  assert.equal(watched.seenAt(a), at + 5_000);
  assert.equal(watched.seenAt(object('a', 1)), undefined);
});

it('keeps telling the others when one listener fails', async () => {
  start();
  const heard: string[] = [];
  watched.subscribe({
    added() {
      throw new Error('a bug');
    },
  });
  watched.subscribe({ added: (item) => heard.push(item.metadata.name) });
  (await server.next()).frames(event('ADDED', 'a', 1), bookmark(1, true), event('ADDED', 'b', 2));
  await until(() => heard.length === 2);
});

it('stops at the signal, also in the middle of a pause or a list, and says so to who waits', async () => {
  start();
  await server.next();
  const waiting = assert.rejects(watched.synced(), /over/);
  stop.abort(new Error('over'));
  await waiting;
  await watched.done;
});
