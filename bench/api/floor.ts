import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { closedLoop, type LoopFigures } from './measure.ts';
import { objectBytes } from './widget.ts';

const value = Buffer.alloc(objectBytes, 'x');
const inFlight = [1, 8, 32, 64] as const;

export type FloorFigures = Record<string, LoopFigures>;

/** The same writes straight into SQLite: WAL, synced, and all that arrive in one turn of the loop share one sync. */
export async function sqliteFloor(dir: string, count: number): Promise<FloorFigures> {
  const database = new DatabaseSync(join(dir, 'floor.db'));
  database.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE object (key TEXT PRIMARY KEY, value BLOB, revision INTEGER)',
  );
  const insert = database.prepare('INSERT INTO object VALUES (?, ?, ?)');
  let waiting: { key: string; resolve: () => void }[] = [];
  let revision = 0;
  const flush = () => {
    const batch = waiting;
    waiting = [];
    database.exec('BEGIN');
    for (const { key } of batch) insert.run(key, value, ++revision);
    database.exec('COMMIT');
    for (const { resolve } of batch) resolve();
  };
  const write = (key: string) =>
    new Promise<void>((resolve) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ key, resolve });
    });
  const figures = await measureFloor(count, write);
  database.close();
  return figures;
}

/** The same writes as etcd transactions that create a key which must not exist, as the store makes them. */
export async function etcdFloor(endpoint: string, count: number): Promise<FloorFigures> {
  const { Etcd3 } = await import('etcd3');
  const client = new Etcd3({ hosts: endpoint });
  const write = async (key: string) => {
    const { succeeded } = await client.if(key, 'Mod', '==', 0).then(client.put(key).value(value)).commit();
    if (!succeeded) throw new Error(`${key} was there already`);
  };
  const figures = await measureFloor(count, write);
  client.close();
  return figures;
}

async function measureFloor(count: number, write: (key: string) => Promise<void>): Promise<FloorFigures> {
  const figures: FloorFigures = {};
  for (const workers of inFlight) {
    const each = workers === 1 ? Math.ceil(count / 4) : count;
    figures[`create${workers}`] = await closedLoop(Array.from({ length: workers }), each, (_, at) => write(`floor/${workers}/${at}`));
  }
  return figures;
}
