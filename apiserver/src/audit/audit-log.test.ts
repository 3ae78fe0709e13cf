import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { auditFilesIn, type ManualClock, manualClock, placeOf, silentLogger } from '@river/runtime';
import { type AuditLog, auditLog } from './audit-log.ts';
import { openAuditFolder } from './open-folder.ts';

const limits = {
  fileBytes: 1_000,
  fileMs: 60_000,
  keepBytes: 1e9,
  waitingBytes: 10_000,
  stallMs: 1_000,
  retryMs: 5,
  lingerMs: 5,
  syncMs: 1_000,
};
const line = (n: number) => `"time":"2026-01-01T00:00:00.000Z","event":"request","n":${n}`;

describe('the audit log', () => {
  let root: string;
  let dir: string;
  let clock: ManualClock;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'river-audit-'));
    dir = join(root, 'audit');
    clock = manualClock();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const start = (more: Partial<typeof limits> = {}, onTick: () => string | undefined = () => undefined): AuditLog =>
    auditLog({ folder: openAuditFolder(dir), limits: { ...limits, ...more }, clock, log: silentLogger, onTick });
  /** All lines that are there, checked to be one chain. */
  const lines = (): { seq: number; n?: number; event: string; [key: string]: unknown }[] => {
    let prev = '';
    return auditFilesIn(dir).flatMap((name) =>
      readFileSync(join(dir, name), 'utf8')
        .trimEnd()
        .split('\n')
        .map((text) => {
          const place = placeOf(Buffer.from(text));
          assert.ok(place?.isSound, text);
          if (prev !== '') assert.equal(place.prev, prev);
          prev = place.hash;
          return JSON.parse(text);
        }),
    );
  };
  const last = (): string => join(dir, auditFilesIn(dir).at(-1) ?? '');

  it('resolves once lines are in the file, in their order, for its owner only', async () => {
    const log = start();
    await Promise.all([1, 2, 3].map((n) => log.record(line(n))));
    assert.deepEqual(
      lines().map(({ seq, n, event }) => [seq, n ?? event]),
      [
        [1, 'file'],
        [2, 1],
        [3, 2],
        [4, 3],
      ],
    );
    assert.deepEqual(log.head(), { seq: 4, hash: lines().at(-1)?.hash });
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    for (const name of readdirSync(dir)) assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
    await log.close();
  });

  it('goes on in a new file when one is large, and removes the oldest of too many, saying so', async () => {
    const log = start({ keepBytes: 3_000 });
    for (let n = 1; n <= 40; n++) await log.record(line(n));
    await log.close();
    const seen = lines();
    const files = auditFilesIn(dir);
    assert.ok(files.length > 2 && files.length < 6, files.join());
    for (const name of files) assert.ok(statSync(join(dir, name)).size < 1_500);
    assert.ok((seen[0]?.seq ?? 0) > 1, 'the first are gone');
    assert.ok(seen.filter(({ event }) => event === 'removed').some(({ lastSeq }) => lastSeq === (seen[0]?.seq ?? 0) - 1));
  });

  it('goes on in a new file when one is old', async () => {
    const log = start();
    await log.record(line(1));
    clock.advance(limits.fileMs + 1);
    await log.record(line(2));
    await log.close();
    assert.deepEqual(
      lines().map(({ n, event }) => n ?? event),
      ['file', 1, 'file', 2, 'stopped'],
    );
  });

  it('goes on with the chain after a restart', async () => {
    for (const n of [1, 2, 3]) {
      const log = start();
      await log.record(line(n));
      await log.close();
    }
    assert.deepEqual(
      lines().flatMap(({ n }) => n ?? []),
      [1, 2, 3],
    );
  });

  for (const [what, tear] of Object.entries({
    'half a line': (path: string) => truncateSync(path, statSync(path).size - 20),
    'a line without its newline': (path: string) => truncateSync(path, statSync(path).size - 1),
    'nothing but zeros': (path: string) => appendFileSync(path, Buffer.alloc(5_000)),
    'a line that was changed': (path: string) =>
      appendFileSync(path, `${readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)?.replace('"n":2', '"n":9')}\n`),
  })) {
    it(`moves ${what} at the end aside, and names it to who goes on`, async () => {
      const first = start({ fileBytes: 1e6 });
      await first.record(line(1));
      await first.record(line(2));
      first.tickSoon();
      await first.close();
      truncateSync(last(), readFileSync(last(), 'utf8').lastIndexOf('{"seq":4'));
      const size = statSync(last()).size;
      tear(last());
      const folder = openAuditFolder(dir);
      assert.equal(folder.torn.length, 1);
      const [part] = folder.torn;
      assert.equal(existsSync(join(dir, `${part?.movedTo}.unnamed`)), true);
      folder.release();
      const again = openAuditFolder(dir);
      assert.deepEqual(again.torn, folder.torn, 'who is killed before it is named finds it again');
      again.named();
      assert.equal(readFileSync(join(dir, part?.movedTo ?? '')).length, part?.bytes);
      assert.ok(statSync(last()).size <= size);
      again.release();
      assert.deepEqual(openAndClose().torn, []);
      lines();
    });
  }
  const openAndClose = () => {
    const folder = openAuditFolder(dir);
    folder.release();
    return folder;
  };

  it('forgets a file that holds no whole line, and goes on in the one before', async () => {
    const log = start();
    await log.record(line(1));
    await log.close();
    const { head } = openAndClose();
    appendFileSync(join(dir, `audit-${String(head.seq + 1).padStart(15, '0')}.jsonl`), '{"seq":');
    const after = openAndClose();
    assert.deepEqual(after.head, head);
    assert.equal(after.torn.length, 1);
    assert.equal(auditFilesIn(dir).length, 1);
  });

  it('belongs to one process, and to nobody but its owner', async () => {
    const folder = openAuditFolder(dir);
    assert.throws(() => openAuditFolder(dir), /another API server writes/);
    folder.release();
    chmodSync(dir, 0o755);
    assert.throws(() => openAuditFolder(dir), /chmod 700/);
  });

  it('refuses lines while it cannot write, keeps those that it has taken, and writes them when it can', async () => {
    mkdirSync(dir, { mode: 0o700 });
    const log = start();
    rmSync(dir, { recursive: true });
    const taken = log.record(line(1));
    const refusal = assert.rejects(taken, { reason: 'ServiceUnavailable' });
    await until(() => log.problem() !== undefined);
    await refusal;
    assert.throws(() => log.record(line(2)), /audit log cannot be written/);
    assert.equal(log.offer(line(3)), false);
    log.follow(line(4));
    mkdirSync(dir, { mode: 0o700 });
    await until(() => {
      clock.advance(limits.retryMs);
      return log.problem() === undefined;
    });
    assert.deepEqual(
      lines().flatMap(({ n }) => n ?? []),
      [1, 4],
    );
  });

  it('says what is due once a second, and only then', async () => {
    const due = ['"time":"t","event":"left-out"'];
    const log = start({}, () => due.pop());
    log.tickSoon();
    assert.equal(existsSync(dir) && auditFilesIn(dir).length, 0);
    clock.advance(1_000);
    await log.record(line(1));
    assert.equal(lines()[1]?.event, 'left-out');
    await log.close();
  });
});

/** Turns of the event loop, at most so many seconds of them. */
async function until(isRight: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 5_000; !isRight(); ) {
    if (performance.now() > endMs) throw new Error('it did not come true within 5 s');
    await new Promise(setImmediate);
  }
}
