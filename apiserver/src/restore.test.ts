import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { backup } from './store/backup.ts';
import { memoryStore } from './store/memory-store.ts';
import { sqliteStore } from './store/sqlite/sqlite-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'river-restore-'));
const file = join(folder, 'backup');
const run = (store: string, path: string) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'restore.ts'), '--store', store, path], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, out: stdout, words: stderr };
};

before(async () => {
  const store = memoryStore();
  for (let at = 0; at < 300; at++) await store.txn([], [{ key: `/k/${at}`, value: new Uint8Array([at % 256]) }]);
  await backup(store, file);
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe('restore.ts', () => {
  it('makes a database that a server can open, and leaves nothing else behind', async () => {
    const path = join(folder, 'new', 'river.sqlite');
    const { status, out } = run(`sqlite:${path}`, file);
    assert.equal(status, 0);
    assert.equal(JSON.parse(out).entries, 300);
    assert.deepEqual(
      readdirSync(join(folder, 'new')).filter((name) => name.includes('restoring')),
      [],
    );
    const store = await sqliteStore({ path });
    assert.equal(await store.count('/k/'), 300);
    const busy = run(`sqlite:${path}`, file);
    assert.equal(busy.status, 1);
    assert.match(busy.words, /in use by another process: stop it first\n$/);
    await store.close();
    const full = run(`sqlite:${path}`, file);
    assert.equal(full.status, 1);
    assert.match(full.words, /there is a store in .*already: move/);
  });

  it('takes the place of a database that holds nothing, and of what a killed restore has left', async () => {
    const path = join(folder, 'empty.sqlite');
    await (await sqliteStore({ path })).close();
    writeFileSync(`${path}.restoring`, 'half of one');
    assert.equal(run(`sqlite:${path}`, file).status, 0);
    const store = await sqliteStore({ path });
    assert.equal(await store.count(''), 300);
    await store.close();
  });

  it('refuses what is no whole backup in one line, and writes nothing', () => {
    const bytes = readFileSync(file);
    const bad = join(folder, 'bad');
    for (const content of [bytes.subarray(0, 2_000), Buffer.alloc(0), Buffer.alloc(100_000, 0xff)]) {
      writeFileSync(bad, content);
      const path = join(folder, 'none.sqlite');
      const { status, words } = run(`sqlite:${path}`, bad);
      assert.equal(status, 1);
      assert.match(words, /^.*bad is not a (whole|River) backup.*\n$/);
      assert.equal(existsSync(path), false);
    }
    assert.match(run(`sqlite:${join(folder, 'x')}`, join(folder, 'absent')).words, /^.*there is no such file\n$/);
    assert.match(run('memory', file).words, /restore into sqlite or etcd\n$/);
    assert.match(run('mysql', file).words, /names no store/);
  });
});
