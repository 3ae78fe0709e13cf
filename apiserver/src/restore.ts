import { parseArgs } from 'node:util';
import { KeyRingError, readKeyRingIfAny } from '@river/runtime';
import { admitSealed } from './encryption/admit-sealed.ts';
import { BackupError, type RestoreOptions, restore } from './store/backup.ts';
import { openStore, parseStoreUrl } from './store/open-store.ts';
import { restoreSqlite } from './store/restore-sqlite.ts';
import { StoreError } from './store/store.ts';

/** A program: `restore.ts --store STORE --secret-keys KEYS FILE` puts a backup into an empty store. One line of JSON on stdout, or one of words on stderr. */

async function run(url: string, file: string, options: RestoreOptions): Promise<void> {
  const address = parseStoreUrl(url);
  if (address.kind === 'memory') throw new BackupError('a store in memory is gone with its process: restore into sqlite or etcd');
  const result = address.kind === 'sqlite' ? await restoreSqlite(file, address.path, options) : await intoEtcd(file, url, options);
  process.stdout.write(`${JSON.stringify({ entries: result.entries, revision: result.revision.toString() })}\n`);
}

async function intoEtcd(file: string, url: string, options: RestoreOptions) {
  const store = await openStore(url);
  try {
    return await restore(file, store, options);
  } finally {
    await store.close();
  }
}

function inWords(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return `${file}: there is no such file`;
  if (code === 'EISDIR') return `${file} is a folder: name the backup file in it`;
  if (code === 'EACCES') return `${file} may not be read by this user`;
  return error.message;
}

const { values, positionals } = parseArgs({
  options: { store: { type: 'string', default: '' }, 'secret-keys': { type: 'string', default: '' } },
  allowPositionals: true,
});
const keys = values['secret-keys'];
const [file = ''] = positionals;
try {
  const ring = keys === '' ? undefined : readKeyRingIfAny(keys);
  await run(values.store, file, { admit: admitSealed({ file: keys === '' ? 'any file named by --secret-keys' : keys, ring }) });
} catch (error) {
  const isExpected =
    error instanceof BackupError ||
    error instanceof KeyRingError ||
    error instanceof TypeError ||
    StoreError.is(error) ||
    (error instanceof Error && 'code' in error);
  process.stderr.write(`${isExpected ? inWords(error, file) : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
