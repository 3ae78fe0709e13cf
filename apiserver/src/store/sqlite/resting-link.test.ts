import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { StoreError } from '../store.ts';
import { openForWriting } from './database.ts';
import { restingLink } from './resting-link.ts';
import { type WorkerLink, workerLink } from './worker-link.ts';

const folder = await mkdtemp(join(tmpdir(), 'river-resting-'));
after(() => rm(folder, { recursive: true, force: true }));

const countAll = { kind: 'count', prefix: '' };

const reader = (path: string): WorkerLink => workerLink(new URL('./reader.ts', import.meta.url), { path });

function counted(path: string, idleMs: number) {
  const threads: WorkerLink[] = [];
  const link = restingLink(() => {
    const thread = reader(path);
    threads.push(thread);
    return thread;
  }, idleMs);
  return { threads, link, count: () => link.call<{ count: number }>(countAll) };
}

const emptyStore = (name: string): string => {
  const path = join(folder, name);
  const { db, lock } = openForWriting(path, undefined);
  db.close();
  lock.close();
  return path;
};

it('starts no thread before the first question, one for many, and lets it go when nobody asks any more', async () => {
  const { threads, link, count } = counted(emptyStore('idle.db'), 5);
  assert.equal(threads.length, 0);
  assert.deepEqual(await Promise.all([count(), count(), count()]), [{ count: 0 }, { count: 0 }, { count: 0 }]);
  assert.equal(threads.length, 1);
  await threads[0]?.stopped;
  assert.deepEqual(await count(), { count: 0 });
  assert.equal(threads.length, 2);
  await link.close();
});

it('answers what was asked before it was closed, and leaves no thread', async () => {
  const { threads, link, count } = counted(emptyStore('closed.db'), 60_000);
  const asked = [count(), count()];
  await link.close();
  assert.deepEqual(await Promise.all(asked), [{ count: 0 }, { count: 0 }]);
  await Promise.all(threads.map(({ stopped }) => stopped));
});

it('says why a thread could not start, and tries again with the next question', async () => {
  const path = join(folder, 'late.db');
  const { threads, link, count } = counted(path, 60_000);
  await assert.rejects(count(), (error) => StoreError.is(error, 'Unavailable') && /unable to open/.test(error.message));
  emptyStore('late.db');
  assert.deepEqual(await count(), { count: 0 });
  assert.equal(threads.length, 2);
  await link.close();
});
