import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { etcdStore } from '../apiserver/src/store/etcd/etcd-store.ts';
import { closedLoop, round } from './api/measure.ts';
import { startEtcd } from './api/processes.ts';
import { objectBytes } from './api/widget.ts';

const txns = 20_000;
const inFlight = 32;
const rounds = 3;
const value = Buffer.alloc(objectBytes, 'x');

interface Writer {
  name: string;
  create(key: string): Promise<void>;
  close(): Promise<void> | void;
}

async function ours(endpoint: string): Promise<Writer> {
  const store = await etcdStore({ endpoints: [endpoint] });
  const create = async (key: string) => {
    const { ok } = await store.txn([{ key, revision: 0n }], [{ key, value }]);
    if (!ok) throw new Error(`${key} was there already`);
  };
  return { name: 'store', create, close: () => store.close() };
}

async function library(endpoint: string): Promise<Writer> {
  const { Etcd3 } = await import('etcd3');
  const client = new Etcd3({ hosts: endpoint });
  const create = async (key: string) => {
    await client.if(key, 'Mod', '==', 0).then(client.put(key).value(value)).commit();
  };
  return { name: 'etcd3', create, close: () => client.close() };
}

/** What one create costs this process in CPU time, which can be compared on a machine that others use too. */
async function measure({ name, create }: Writer, at: number) {
  const before = process.cpuUsage();
  const { perSecond } = await closedLoop(Array.from({ length: inFlight }), txns, (_, txn) => create(`${name}/${at}/${txn}`));
  const { user, system } = process.cpuUsage(before);
  return { client: name, round: at, cpuMicrosecondsPerTxn: round((user + system) / txns), perSecond };
}

/** `./river bench etcd`: our etcd client beside the etcd3 library, in turn, on one etcd. */
export async function benchEtcd(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'river-bench-'));
  const etcd = await startEtcd(dir);
  const writers = [await ours(etcd.endpoint), await library(etcd.endpoint)];
  const figures = [];
  for (let at = 0; at < rounds; at++) for (const writer of writers) figures.push(await measure(writer, at));
  for (const writer of writers) await writer.close();
  await etcd.stop();
  rmSync(dir, { recursive: true, force: true });
  process.stdout.write(`${JSON.stringify({ txns, inFlight, figures }, null, 2)}\n`);
  return 0;
}
