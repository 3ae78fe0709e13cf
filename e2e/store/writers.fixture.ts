import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { sqliteStore } from '../../apiserver/src/store/sqlite/sqlite-store.ts';

/**
 * 64 concurrent writers until killed or done: `writers.fixture.ts DATABASE ACKS FIRST ROUNDS BYTES`.
 * Each txn writes two keys; its name is appended to ACKS in one write() after the store has acknowledged it.
 */
const [path = '', acks = '', first = '0', rounds = '0', bytes = '0'] = process.argv.slice(2);
const WRITERS = 64;

const valueFor = (name: string): Uint8Array => {
  const digest = createHash('sha256').update(name).digest();
  return Buffer.alloc(Number(bytes), digest);
};

const store = await sqliteStore({ path });
const log = openSync(acks, 'a');
await Promise.all(
  Array.from({ length: WRITERS }, async (_, writer) => {
    for (let round = Number(first); round < Number(first) + Number(rounds); round++) {
      const name = `/w/${writer}/${round}`;
      const value = valueFor(name);
      const result = await store.txn(
        [{ key: `${name}/a`, revision: 0n }],
        [
          { key: `${name}/a`, value },
          { key: `${name}/b`, value },
        ],
      );
      if (!result.ok) throw new Error(`${name} was there already`);
      writeSync(log, `${name} ${result.revision}\n`);
    }
  }),
);
await store.close();
