import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sqliteStore } from '../../apiserver/src/store/sqlite/sqlite-store.ts';
import { assertIntact, parseAcks } from './acknowledged.ts';
import { type DiskCall, type Luck, parseTrace, recordedDisk, STRACE_CALLS } from './recorded-disk.ts';

const WRITERS = fileURLToPath(new URL('./writers.fixture.ts', import.meta.url));
const ROUNDS = Number(process.env.RIVER_ROUNDS ?? 3);
const skip = spawnSync('strace', ['-V']).status === 0 ? false : 'strace is not installed';

it('keeps every acknowledged write when the power is cut at any fsync', { skip, timeout: 60_000 * ROUNDS }, async () => {
  await cutEverywhere({ rounds: 2 * ROUNDS, bytes: 1_000, isWanted: () => true });
});

it('keeps every acknowledged write when the power is cut around a checkpoint', { skip, timeout: 120_000 }, async () => {
  // More than the log holds before it is checkpointed; the checkpoint is when the database file itself is synced.
  await cutEverywhere({ rounds: 10, bytes: 16_000, isWanted: (call) => call.kind === 'sync' && call.file === 'store.db' });
});

interface Recording {
  rounds: number;
  bytes: number;
  /** Which of the fsyncs to cut at. */
  isWanted(call: DiskCall): boolean;
}

async function cutEverywhere({ rounds, bytes, isWanted }: Recording): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'river-power-'));
  try {
    const calls = await record(folder, rounds, bytes);
    const random = seeded(20_260);
    const disk = recordedDisk();
    let cuts = 0;
    let acknowledged = 0;
    for (const [at, call] of calls.entries()) {
      // Just before the fsync completes: what was acknowledged until now rests on the fsyncs before it alone.
      if (call.kind === 'sync' && isWanted(call)) {
        const acks = parseAcks(disk.textOf('acks'));
        acknowledged = Math.max(acknowledged, acks.size);
        for (const luck of LUCKS) await assertSurvives(join(folder, `cut-${at}-${luck}`), disk, luck, acks, random);
        cuts += 1;
      }
      disk.apply(call, at);
    }
    const all = parseAcks(disk.textOf('acks'));
    assert.equal(all.size, 64 * rounds);
    for (const luck of LUCKS) await assertSurvives(join(folder, `end-${luck}`), disk, luck, all, random);
    assert.ok(cuts > 1 && acknowledged > 0, `${cuts} cuts, the last with ${acknowledged} acknowledged writes before it`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const LUCKS: Luck[] = ['none', 'some', 'all'];

async function record(folder: string, rounds: number, bytes: number): Promise<DiskCall[]> {
  const [trace, data] = [join(folder, 'trace'), await mkdtemp(join(folder, 'data-'))];
  const flags = ['-f', '-y', '-xx', '-s', '9999999', '-o', trace, '-e', `trace=${STRACE_CALLS}`];
  const writers = [WRITERS, join(data, 'store.db'), join(data, 'acks'), '0', String(rounds), String(bytes)];
  const { status, stderr } = spawnSync('strace', [...flags, process.execPath, ...writers], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return parseTrace(trace, data);
}

async function assertSurvives(
  into: string,
  disk: ReturnType<typeof recordedDisk>,
  luck: Luck,
  acks: ReadonlyMap<string, bigint>,
  random: () => number,
): Promise<void> {
  // The index of the log lives in shared memory, and a lock does not outlive its process: neither survives a power cut.
  await disk.cut(into, luck, (file) => file.startsWith('store.db') && !file.endsWith('-shm') && !file.includes('.lock'), random);
  const store = await sqliteStore({ path: join(into, 'store.db') });
  await assertIntact(store, acks, `${into}, ${acks.size} acknowledged`);
  const { revision } = await store.txn([], [{ key: '/after', value: new Uint8Array(1) }]);
  for (const acknowledged of acks.values()) assert.ok(revision > acknowledged);
  await store.close();
  await rm(into, { recursive: true, force: true });
}

/** A small generator, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
