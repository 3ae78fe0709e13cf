import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { MAX_TXN_WRITES } from './assert-txn.ts';
import type { Store, StoredEntry, Write } from './store.ts';

/**
 * A backup is lines of JSON: a heading, one line per entry in key order, and a footer with the number of entries and the
 * SHA-256 of all that came before. It says what stood at one revision, and can be restored into any kind of store.
 */
export interface BackupResult {
  entries: number;
  /** The revision that the backup is true at. Restored entries get new revisions. */
  revision: bigint;
}

const FORMAT = 'river-backup';
const VERSION = 1;
/** An entry has up to 1.5 MiB: this many, twice, are what a backup may hold in memory. */
const PAGE = 32;

/** The file is not a whole backup, or the store is not empty. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** How Secrets stand in a backup: what its heading says. */
export type SecretsForm = 'sealed' | 'clear';

export interface BackupSource {
  store: Pick<Store, 'list'>;
  secrets: SecretsForm;
}

/** What a restored entry becomes. @throws BackupError when it would be of no use there. */
export type Admit = (entry: BackupEntry) => BackupEntry;

export interface BackupEntry {
  key: string;
  value: Uint8Array;
}

const asItIs: Admit = (entry) => entry;

/** Writes what stands now. The file appears whole and durable under its name, or not at all. */
export async function backup(store: Store, file: string, signal?: AbortSignal): Promise<BackupResult> {
  const partial = `${file}.partial`;
  try {
    const result = await writeChunks(partial, backupChunks({ store, secrets: 'clear' }, signal));
    await rename(partial, file);
    await syncFolder(dirname(file));
    return result;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

export interface RestoreOptions {
  /** Asked about every entry before the first is written, and again for what is written. */
  admit?: Admit;
  signal?: AbortSignal;
}

/**
 * Puts a backup's entries into an empty store. The whole file is checked before the first write.
 * @throws BackupError for a file that is truncated, altered or of a newer format, and for a store that is not empty.
 */
export async function restore(file: string, store: Store, { admit = asItIs, signal }: RestoreOptions = {}): Promise<BackupResult> {
  const result = await verify(file, admit);
  if ((await store.count('', signal)) > 0)
    throw new BackupError('the store is not empty: restore into a new one (for etcd: --store etcd://HOST:PORT/NEW-PREFIX)');
  let writes: Write[] = [];
  let bytes = 0;
  const flush = async () => {
    const written = await store.txn(
      writes.map(({ key }) => ({ key, revision: 0n })),
      writes,
      signal,
    );
    if (!written.ok) throw new BackupError('the store changed while it was restored: restore into a new one, with no server on it');
    writes = [];
    bytes = 0;
  };
  for await (const found of entriesIn(file)) {
    const entry = admit(found);
    if (writes.length === MAX_TXN_WRITES || (writes.length > 0 && bytes + entry.value.length > MAX_RESTORE_BYTES)) await flush();
    writes.push(entry);
    bytes += entry.value.length;
  }
  if (writes.length > 0) await flush();
  return result;
}

/** A txn of a restore stays below what etcd takes in one request. */
const MAX_RESTORE_BYTES = 1 << 20;

async function* backupLines({ store, secrets }: BackupSource, signal: AbortSignal | undefined): AsyncGenerator<string, BackupResult> {
  let page = await store.list('', { limit: PAGE }, signal);
  const { revision } = page;
  let entries = 0;
  yield JSON.stringify({ format: FORMAT, version: VERSION, revision: String(revision), secrets });
  for (;;) {
    for (const entry of page.entries) yield lineOf(entry);
    entries += page.entries.length;
    const after = page.entries.at(-1)?.key;
    if (!page.more || after === undefined) return { entries, revision };
    page = await store.list('', { limit: PAGE, after, revision }, signal);
  }
}

const lineOf = ({ key, value }: StoredEntry): string => JSON.stringify({ key, value: Buffer.from(value).toString('base64') });

const CHUNK_CHARS = 1 << 20;

/** A backup of what stands now, a piece at a time and no faster than the reader; the last piece has the footer. */
export async function* backupChunks(source: BackupSource, signal?: AbortSignal): AsyncGenerator<string, BackupResult> {
  const lines = backupLines(source, signal);
  const digest = createHash('sha256');
  let chunk = '';
  let next = await lines.next();
  for (; !next.done; next = await lines.next()) {
    chunk += `${next.value}\n`;
    if (chunk.length < CHUNK_CHARS) continue;
    digest.update(chunk);
    yield chunk;
    chunk = '';
  }
  digest.update(chunk);
  yield `${chunk}${JSON.stringify({ entries: next.value.entries, sha256: digest.digest('hex') })}\n`;
  return next.value;
}

async function writeChunks(path: string, chunks: AsyncGenerator<string, BackupResult>): Promise<BackupResult> {
  await using file = await open(path, 'w', 0o600);
  let next = await chunks.next();
  for (; !next.done; next = await chunks.next()) await file.writeFile(next.value);
  await file.sync();
  return next.value;
}

/** Makes what was renamed in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** Reads all of the file, and believes it only when the footer agrees. */
async function verify(file: string, admit: Admit): Promise<BackupResult> {
  await assertBeginning(file);
  const digest = createHash('sha256');
  let heading: Record<string, unknown> | undefined;
  let previous: string | undefined;
  let entries = -1;
  for await (const line of linesOf(file)) {
    heading ??= parseHeading(line, file);
    if (previous !== undefined) {
      digest.update(`${previous}\n`);
      entries += 1;
    }
    previous = line;
  }
  const footer = parseLine(previous ?? '');
  if (heading === undefined || footer?.entries !== entries || footer.sha256 !== digest.digest('hex')) {
    throw new BackupError(`${file} is not a whole backup: it was cut short or altered`);
  }
  for await (const entry of entriesIn(file)) admit(entry);
  return { entries, revision: BigInt(String(heading.revision)) };
}

/** A file of another kind may be one endless line, which would have to fit into memory. */
async function assertBeginning(file: string): Promise<void> {
  const beginning = JSON.stringify({ format: FORMAT }).slice(0, -1);
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginning.length), 0, beginning.length, 0);
  if (buffer.toString('utf8', 0, bytesRead) !== beginning) throw new BackupError(`${file} is not a River backup`);
}

function parseHeading(line: string, file: string): Record<string, unknown> {
  const heading = parseLine(line);
  if (heading?.format !== FORMAT) throw new BackupError(`${file} is not a River backup`);
  if (heading.version !== VERSION)
    throw new BackupError(`${file} has format ${heading.version}, this River reads ${VERSION}: use the newer River`);
  return heading;
}

async function* entriesIn(file: string): AsyncGenerator<BackupEntry> {
  for await (const line of linesOf(file)) {
    const { key, value } = parseLine(line) ?? {};
    if (typeof key === 'string' && typeof value === 'string') yield { key, value: Buffer.from(value, 'base64') };
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  await using handle = await open(file);
  yield* createInterface({ input: handle.createReadStream({ autoClose: false }), crlfDelay: Number.POSITIVE_INFINITY });
}

/** Undefined for what is not an object: the digest has the last word on the rest. */
function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
