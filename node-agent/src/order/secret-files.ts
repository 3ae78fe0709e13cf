import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecretData } from './read-secrets.ts';

/** Files that hold secrets, in a folder in memory, gone with their workload. */
export function secretFiles(dir: string) {
  const of = (uid: string) => join(dir, uid);
  return {
    layOut(uid: string, at: number, data: SecretData, mode: number, user: string | undefined): string {
      const folder = join(of(uid), String(at));
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const owner = /^([0-9]{1,9})(?::([0-9]{1,9}))?$/.exec(user ?? '');
      for (const [key, value] of data) {
        // A key of a Secret is a file's name by its own rule; what is not is left out.
        if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key === '..') continue;
        writeFileSync(join(folder, key), value, { mode });
        if (owner) chownSync(join(folder, key), Number(owner[1]), Number(owner[2] ?? owner[1]));
      }
      if (owner) chownSync(folder, Number(owner[1]), Number(owner[2] ?? owner[1]));
      return folder;
    },
    remove: (uid: string) => rmSync(of(uid), { recursive: true, force: true }),
  };
}
