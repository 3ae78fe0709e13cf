import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sqliteStore } from '../../apiserver/src/store/sqlite/sqlite-store.ts';
import { assertIntact, parseAcks } from './acknowledged.ts';

const ROUNDS = Number(process.env.RIVER_ROUNDS ?? 3);
const WRITERS = fileURLToPath(new URL('./writers.fixture.ts', import.meta.url));

it(`keeps every acknowledged write when 64 writers are killed, ${ROUNDS} times`, { timeout: 20_000 + ROUNDS * 10_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'river-kill-'));
  const path = join(folder, 'store.db');
  const acksPath = join(folder, 'acks');
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const before = (await readAcks(acksPath)).size;
      const child = spawn(process.execPath, [WRITERS, path, acksPath, String(round * 1_000_000), '1000000', '1100'], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const gone = once(child, 'exit');
      // Each round is killed at another moment of its life.
      while ((await readAcks(acksPath)).size < before + 100 + 700 * (round % 5)) {
        assert.equal(child.exitCode, null, 'the writers ended by themselves');
        await wait(5 + ((round * 7) % 11));
      }
      child.kill('SIGKILL');
      await gone;
      const acks = await readAcks(acksPath);
      assert.ok(acks.size > before);
      const store = await sqliteStore({ path });
      await assertIntact(store, acks, `round ${round}`);
      await store.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const readAcks = async (path: string): Promise<Map<string, bigint>> => parseAcks(await readFile(path, 'utf8').catch(() => ''));
