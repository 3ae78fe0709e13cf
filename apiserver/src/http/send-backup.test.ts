import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, it } from 'node:test';
import { ApiError } from '@river/crds';
import { inFlight } from '@river/runtime';
import { restore } from '../store/backup.ts';
import { memoryStore } from '../store/memory-store.ts';
import { type Store, StoreError } from '../store/store.ts';
import { storeFailure } from '../write/commit.ts';
import { sendFailure, statusOf } from './exchange.ts';
import { sendBackup } from './send-backup.ts';

const entries = 300;
const filled = async (): Promise<Store> => {
  const store = memoryStore();
  for (let at = 0; at < entries; at++) await store.txn([], [{ key: `/k/${at}`, value: new Uint8Array(100_000).fill(at % 256) }]);
  return store;
};

const digestOf = async (of: Store): Promise<string> => {
  const digest = createHash('sha256');
  for (const { key, value } of (await of.list('')).entries) digest.update(key).update(value);
  return digest.digest('hex');
};

const whole = await filled();
const folder = await mkdtemp(join(tmpdir(), 'river-send-backup-'));
let store = whole;
let pages = 0;
/** Who waits for a request to have been dealt with. */
let handled = Promise.withResolvers<void>();

const counting = (of: Store): Store => ({
  ...of,
  list(prefix, page, signal) {
    pages++;
    return of.list(prefix, page, signal);
  },
});

const backups = inFlight({ perClient: 1, total: 2 }, 'backups');
const requester = { username: 'ada', uid: '', groups: [], extra: {} };
const server = createServer((incoming, response) => {
  const exchange = { request: incoming, response, requester, pathname: '/backup', query: new URLSearchParams(), warnings: [] };
  sendBackup({ store: counting(store), secrets: 'clear', signal: new AbortController().signal, backups, drainDeadlineMs: 30_000 })(exchange)
    .catch((error) => sendFailure(exchange, statusOf(storeFailure(error, false))))
    .finally(() => handled.resolve());
});

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
beforeEach(() => {
  store = whole;
  pages = 0;
  handled = Promise.withResolvers();
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const open = async (): Promise<IncomingMessage> => {
  const { port } = server.address() as AddressInfo;
  const [message] = await once(get({ port, path: '/backup', agent: false }), 'response');
  return message;
};
const read = async (message: IncomingMessage): Promise<Buffer> => Buffer.concat(await message.toArray());

it('sends what restore takes', async () => {
  const message = await open();
  assert.equal(message.statusCode, 200);
  const file = join(folder, 'whole');
  await writeFile(file, await read(message));
  const target = memoryStore();
  assert.equal((await restore(file, target)).entries, entries);
  assert.equal(await digestOf(target), await digestOf(whole));
});

it('reads no further ahead than a reader who stands still has room for, and ends with him', async () => {
  const message = await open();
  const seen = pages;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(seen < 5 && pages < 8, `${pages} pages were read`);
  message.destroy();
  await handled.promise;
  assert.ok(pages < 8, `${pages} pages were read`);
});

it('makes one backup of a client at a time, and the next when that is over', async () => {
  const first = await open();
  const second = await open();
  assert.equal(second.statusCode, 429);
  await read(second);
  handled = Promise.withResolvers();
  await read(first);
  await handled.promise;
  handled = Promise.withResolvers();
  const third = await open();
  assert.equal(third.statusCode, 200);
  await read(third);
  await handled.promise;
});

it('answers with a Status when the store does not, and cuts off what it cannot finish', async () => {
  store = { ...whole, list: () => Promise.reject(new StoreError('Unavailable', 'gone')) };
  const refused = await open();
  assert.equal(refused.statusCode, 503);
  assert.equal(JSON.parse(String(await read(refused))).kind, 'Status');
  store = {
    ...whole,
    list: (prefix, page = {}) => (page.after ? Promise.reject(new StoreError('Lost', 'gone')) : whole.list(prefix, page)),
  };
  await assert.rejects(async () => read(await open()), { code: 'ECONNRESET' });
});

it('is only read', async () => {
  const { port } = server.address() as AddressInfo;
  for (const method of ['POST', 'DELETE', 'PUT']) {
    const [message] = await once(request({ port, path: '/backup', method, agent: false }).end(), 'response');
    assert.equal(message.statusCode, new ApiError('MethodNotAllowed', '').code);
    message.resume();
  }
});
