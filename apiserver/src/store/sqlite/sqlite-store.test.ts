import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, it } from 'node:test';
import { storeContract } from '../store.contract.ts';
import { StoreError } from '../store.ts';
import { watched } from '../watched.ts';
import { sqliteStore } from './sqlite-store.ts';

const folder = await mkdtemp(join(tmpdir(), 'river-sqlite-'));
after(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const newPath = (): string => join(folder, `store-${count++}.db`);
const value = (size: number): Uint8Array => new Uint8Array(size).fill(7);
const isUnavailable = (message: RegExp) => (error: unknown) => StoreError.is(error, 'Unavailable') && message.test(error.message);

storeContract('sqlite', () => sqliteStore({ path: newPath() }));

it('keeps revisions, history and compaction over a restart', async () => {
  const path = newPath();
  const first = await sqliteStore({ path });
  const r1 = (await first.txn([], [{ key: '/a', value: value(1) }])).revision;
  const r2 = (await first.txn([], [{ key: '/b', value: value(2) }])).revision;
  const r3 = (await first.txn([], [{ key: '/b', value: null }])).revision;
  await first.compact(r2);
  await first.close();

  const second = await sqliteStore({ path });
  assert.equal(await second.currentRevision(), r3);
  await assert.rejects(second.list('', { revision: r1 }), (error) => StoreError.is(error, 'Compacted'));
  assert.deepEqual((await second.list('', { revision: r2 })).entries.length, 2);
  const seen = watched(second, '', r2);
  await seen.reached(r3);
  assert.deepEqual(
    seen.events.map(({ type, key }) => [type, key]),
    [['delete', '/b']],
  );
  await second.compact(r3);
  await second.close();

  const third = await sqliteStore({ path });
  assert.equal(await third.currentRevision(), r3, 'the newest change was a deletion that compaction took');
  assert.ok((await third.txn([], [{ key: '/c', value: value(1) }])).revision > r3);
  await third.close();
});

it('refuses a file that another process has open, and takes it when that one was killed', async () => {
  const path = newPath();
  const other = fork(new URL('./hold-open.fixture.ts', import.meta.url), [path]);
  await once(other, 'message');
  await assert.rejects(sqliteStore({ path }), isUnavailable(/in use by another process/));
  other.kill('SIGKILL');
  await once(other, 'exit');
  const store = await sqliteStore({ path });
  await assert.rejects(sqliteStore({ path }), isUnavailable(/in use by another process/));
  assert.equal(await store.count(''), 1);
  await store.close();
});

it('says what is wrong with a file that it cannot use, and leaves it as it is', async () => {
  const damaged = newPath();
  await writeFile(damaged, value(20_000));
  await assert.rejects(sqliteStore({ path: damaged }), isUnavailable(/is damaged.*restore a backup/));
  const foreign = newPath();
  const db = new DatabaseSync(foreign);
  db.exec('CREATE TABLE mine (x)');
  db.close();
  await assert.rejects(sqliteStore({ path: foreign }), isUnavailable(/not a River store/));
  const newer = newPath();
  await (await sqliteStore({ path: newer })).close();
  const raised = new DatabaseSync(newer);
  raised.exec('PRAGMA user_version = 99');
  raised.close();
  await assert.rejects(sqliteStore({ path: newer }), isUnavailable(/has format 99.*newer River/));
  await assert.rejects(sqliteStore({ path: join(folder, 'missing', 'store.db') }), isUnavailable(/unable to open/));
});

it('answers Full when there is no space, keeps what stands, and goes on when space is made', async () => {
  const store = await sqliteStore({ path: newPath(), maxBytes: 2 << 20 });
  const stored = new Map<string, bigint>();
  let full = 0;
  for (let at = 0; full < 5; at++) {
    const keys = [`/${at}/a`, `/${at}/b`];
    try {
      const { revision } = await store.txn(
        [],
        keys.map((key) => ({ key, value: value(60_000) })),
      );
      for (const key of keys) stored.set(key, revision);
    } catch (error) {
      assert.ok(StoreError.is(error, 'Full'), String(error));
      full += 1;
    }
  }
  const listed = async () => new Map((await store.list('')).entries.map(({ key, revision }) => [key, revision]));
  assert.ok(stored.size > 20);
  assert.deepEqual(await listed(), new Map([...stored].sort(([a], [b]) => (a < b ? -1 : 1))));
  const seen = watched(store, '', await store.currentRevision());
  for (const key of [...stored.keys()].slice(0, 10)) await store.txn([], [{ key, value: null }]);
  await store.compact(await store.currentRevision());
  const { revision } = await store.txn([], [{ key: '/new', value: value(60_000) }]);
  await seen.reached(revision);
  assert.equal(seen.events.length, 11);
  await store.close();
});

it('writes nothing while idle, whatever is read', async () => {
  const path = newPath();
  const store = await sqliteStore({ path });
  await store.txn([], [{ key: '/a', value: value(10) }]);
  const state = async () => Promise.all([path, `${path}-wal`].map(async (file) => (await stat(file, { bigint: true })).mtimeNs));
  const before = await state();
  for (let round = 0; round < 20; round++) {
    await store.get('/a');
    await store.list('');
    await store.currentRevision();
    await store.txn([{ key: '/a', revision: 0n }], [{ key: '/a', value: null }]);
    await store.txn([], [{ key: '/none', value: null }]);
  }
  assert.deepEqual(await state(), before);
  await store.close();
});

it('keeps its files bounded while the same keys are written again and again', async () => {
  const path = newPath();
  const store = await sqliteStore({ path });
  for (let round = 0; round < 60; round++) {
    await Promise.all(Array.from({ length: 64 }, (_, at) => store.txn([], [{ key: `/${at}`, value: value(20_000) }])));
    if (round % 10 === 9) await store.compact(await store.currentRevision());
  }
  const [main, wal] = await Promise.all([path, `${path}-wal`].map(async (file) => (await stat(file)).size));
  assert.ok(main! < 40 << 20, `the database has ${main} bytes after ${60 * 64 * 20_000} written`);
  assert.ok(wal! < 70 << 20, `the log has ${wal} bytes`);
  await store.close();
});

it('leaves no trace in its files of what was replaced and deleted, once that is asked for; that it is due outlives a restart', async () => {
  const path = newPath();
  const planted = Buffer.from('planted-in-clear'.repeat(400));
  const isPlanted = async () => {
    const files = await Promise.all([path, `${path}-wal`].map((file) => readFile(file).catch(() => Buffer.alloc(0))));
    return files.some((bytes) => bytes.includes('planted-in-clear'));
  };
  const first = await sqliteStore({ path });
  assert.equal(await first.erasure?.isDue(), false);
  for (let at = 0; at < 30; at++) await first.txn([], [{ key: `/${at}`, value: planted }]);
  await first.erasure?.request();
  await first.close();

  const second = await sqliteStore({ path });
  assert.equal(await second.erasure?.isDue(), true);
  for (let at = 0; at < 30; at++) await second.txn([], [{ key: `/${at}`, value: at % 2 === 0 ? null : value(10) }]);
  await second.compact(await second.currentRevision());
  assert.equal(await isPlanted(), true, 'what is deleted stays in the files: else this test shows nothing');
  const reading = Promise.all(Array.from({ length: 50 }, () => second.list('')));
  await second.erasure?.run();
  await reading;
  assert.deepEqual([await isPlanted(), await second.erasure?.isDue()], [false, false]);
  assert.equal((await second.list('')).entries.length, 15);
  assert.ok((await second.txn([], [{ key: '/after', value: value(1) }])).ok);
  await second.close();
});
