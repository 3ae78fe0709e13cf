import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { backup, restore } from './backup.ts';
import { memoryStore } from './memory-store.ts';
import { sqliteStore } from './sqlite/sqlite-store.ts';
import type { Store } from './store.ts';

const folder = await mkdtemp(join(tmpdir(), 'river-backup-'));
after(() => rm(folder, { recursive: true, force: true }));

const filled = async (): Promise<Store> => {
  const store = memoryStore();
  for (let at = 0; at < 1_234; at++) await store.txn([], [{ key: `/k/${at}`, value: new Uint8Array([at % 256, 0, 255, 10]) }]);
  await store.txn([], [{ key: '/ключ\n"\u{1F600}', value: new Uint8Array() }]);
  await store.txn([], [{ key: '/k/7', value: null }]);
  await store.txn([], [{ key: '/large', value: new Uint8Array(1_500_000).fill(9) }]);
  return store;
};

const contentOf = async (store: Store) =>
  (await store.list('')).entries.map(({ key, value }) => [key, Buffer.from(value).toString('base64')]);

it('restores what stood, into another kind of store', async () => {
  const store = await filled();
  const file = join(folder, 'whole');
  const made = await backup(store, file);
  assert.equal(made.revision, await store.currentRevision());
  const target = await sqliteStore({ path: join(folder, 'restored.db') });
  assert.deepEqual(await restore(file, target), made);
  assert.deepEqual(await contentOf(target), await contentOf(store));
  await assert.rejects(restore(file, target), { name: 'BackupError', message: /not empty/ });
  const second = join(folder, 'second');
  await backup(target, second);
  assert.deepEqual((await readFile(second, 'utf8')).split('\n').slice(1, -2), (await readFile(file, 'utf8')).split('\n').slice(1, -2));
  await target.close();
});

it('is true at one revision although the store changes meanwhile', async () => {
  const store = await filled();
  const before = await contentOf(store);
  const changing: Store = {
    ...store,
    async list(prefix, page) {
      const result = await store.list(prefix, page);
      await store.txn([], [{ key: '/k/1', value: new Uint8Array([1]) }]);
      await store.txn([], [{ key: '/k/999', value: null }]);
      return result;
    },
  };
  const file = join(folder, 'moving');
  await backup(changing, file);
  const target = memoryStore();
  await restore(file, target);
  assert.deepEqual(await contentOf(target), before);
});

it('refuses a file that is cut short or altered anywhere, and writes nothing', async () => {
  const store = memoryStore();
  for (let at = 0; at < 5; at++) await store.txn([], [{ key: `/k/${at}`, value: new Uint8Array([at]) }]);
  const file = join(folder, 'small');
  await backup(store, file);
  const bytes = await readFile(file);
  const target = memoryStore();
  const damaged = join(folder, 'damaged');
  const refuses = async (content: Uint8Array, what: string) => {
    await writeFile(damaged, content);
    await assert.rejects(restore(damaged, target), { name: 'BackupError' }, what);
  };
  for (let length = 0; length < bytes.length - 1; length++) await refuses(bytes.subarray(0, length), `cut at ${length}`);
  for (let at = 0; at < bytes.length - 1; at++) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ 1;
    await refuses(altered, `altered at ${at}`);
  }
  await refuses(Buffer.concat([bytes, Buffer.from('{}\n')]), 'with more at the end');
  await refuses(Buffer.from(bytes.toString().replace('"version":1', '"version":2')), 'of a newer format');
  assert.equal(await target.count(''), 0);
});

it('leaves the file that was there when a backup fails', async () => {
  const file = join(folder, 'kept');
  await writeFile(file, 'older');
  const store = await filled();
  const failing: Store = {
    ...store,
    list: (prefix, page = {}) => (page.after ? Promise.reject(new Error('gone')) : store.list(prefix, page)),
  };
  await assert.rejects(backup(failing, file), /gone/);
  assert.equal(await readFile(file, 'utf8'), 'older');
  assert.ok(!(await readdir(folder)).includes('kept.partial'));
});
