import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DataDir } from './data-dir.ts';
import { makeDataFolder } from './make-data-folder.ts';
import { isAlive } from './process-identity.ts';
import { UpError } from './up-error.ts';
import { takeUpLock } from './up-lock.ts';
import { readUpState } from './up-state.ts';

export interface RestoreOptions {
  dir: DataDir;
  file: string;
  /** As the API server takes it. */
  store: string;
}

export interface RestoreDeps {
  /** The program that fills a store: `--store STORE --secret-keys KEYS FILE`. */
  restoreEntry: string;
  say(line: string): void;
}

const runs = (dir: DataDir): UpError =>
  new UpError(`a control plane runs on ${dir.root}: stop it first with ./river down --data ${dir.root}`);

const fill = (entry: string, store: string, keys: string, file: string): Promise<{ entries: number }> =>
  new Promise((done, fail) => {
    execFile(process.execPath, [entry, '--store', store, '--secret-keys', keys, file], { encoding: 'utf8' }, (error, out, words) => {
      if (error) fail(new UpError(`nothing was restored: ${words.trim() || `the restore ended with ${error.code ?? error.signal}`}`));
      else done(JSON.parse(out));
    });
  });

/** Puts a backup into an empty store. Holds the data folder meanwhile, so that no server starts on it. */
export const runRestore = async ({ dir, file, store }: RestoreOptions, { restoreEntry, say }: RestoreDeps): Promise<number> => {
  const path = resolve(file);
  if (!existsSync(path)) throw new UpError(`${file}: there is no such file`);
  makeDataFolder(dir.root);
  const lock = takeUpLock(dir.lock);
  if (!lock) throw runs(dir);
  try {
    const server = readUpState(dir.state)?.server;
    if (server && isAlive(server)) throw runs(dir);
    const { entries } = await fill(restoreEntry, store, dir.secretKeys, path);
    say(`restored ${entries} objects into ${store}`);
    const flag = store.startsWith('sqlite:') ? '' : ` --store ${store}`;
    say(`next: ./river up --data ${dir.root}${flag}`);
    return 0;
  } finally {
    lock.release();
  }
};
