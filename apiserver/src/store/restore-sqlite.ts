import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, type BackupResult, type RestoreOptions, restore, syncFolder } from './backup.ts';
import { sqliteStore } from './sqlite/sqlite-store.ts';
import { StoreError } from './store.ts';

/**
 * Makes the database at `path` out of a backup. It appears there whole and durable, or not at all: also when this process is killed.
 * @throws BackupError when something is kept there already, StoreError `Unavailable` when a server holds it.
 */
export async function restoreSqlite(file: string, path: string, options: RestoreOptions = {}): Promise<BackupResult> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await assertVacant(path);
  const fresh = `${path}.restoring`;
  await remove(fresh);
  try {
    const result = await fill(file, fresh, options);
    if (existsSync(`${fresh}-wal`)) throw new StoreError('Unavailable', `${fresh} was not closed in order: try again`);
    await remove(path);
    await rename(fresh, path);
    await syncFolder(dirname(path));
    return result;
  } finally {
    await remove(fresh);
  }
}

async function fill(file: string, path: string, options: RestoreOptions): Promise<BackupResult> {
  const store = await sqliteStore({ path });
  try {
    return await restore(file, store, options);
  } finally {
    await store.close();
  }
}

async function assertVacant(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const store = await sqliteStore({ path });
  try {
    if ((await store.count('')) > 0)
      throw new BackupError(`there is a store in ${path} already: move its folder away, or restore into another`);
  } finally {
    await store.close();
  }
}

async function remove(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm', '.lock']) await rm(`${path}${end}`, { force: true });
}
