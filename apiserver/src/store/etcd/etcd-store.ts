import { abortable } from '../abortable.ts';
import { assertTxn } from '../assert-txn.ts';
import { type ListPage, type ListResult, type Store, StoreError } from '../store.ts';
import { coalesce } from './coalesce.ts';
import { type EtcdClient, etcdClient } from './etcd-client.ts';
import { type Layout, layout } from './layout.ts';
import type { TxnRequest } from './messages/txn.ts';
import { sharedFeed } from './shared-feed.ts';
import { txnRequest, txnResult } from './txn-request.ts';

export interface EtcdOptions {
  /** `host:port` each; the next is tried when one does not answer. */
  endpoints: readonly string[];
  /** Keys lie under it, so that one etcd may serve others too. Default `/river`. */
  prefix?: string;
}

/**
 * A Store in etcd, which several servers may share. Each store follows etcd with one watch and fans it out in memory.
 * Values are views on the message they came in: copy what is kept for long.
 * @throws StoreError `Unavailable` when etcd does not answer.
 */
export async function etcdStore({ endpoints, prefix = '/river' }: EtcdOptions): Promise<Store> {
  const client = etcdClient(endpoints);
  const keys = layout(prefix);
  try {
    await makeRevKey(client, keys, endpoints.length);
  } catch (error) {
    client.close();
    throw error;
  }
  return storeOver(client, keys);
}

/** The `rev` key stands from the start, so that {@link Store.currentRevision} has something to read. Asks each endpoint once. */
async function makeRevKey(client: EtcdClient, keys: Layout, attempts: number): Promise<void> {
  const request: TxnRequest = {
    compare: [{ key: keys.revKey, modRevision: 0n }],
    success: [keys.touchRev],
    failure: [],
  };
  try {
    await client.txn(request);
  } catch (error) {
    if (attempts <= 1) throw error;
    await makeRevKey(client, keys, attempts - 1);
  }
}

function storeOver(client: EtcdClient, keys: Layout): Store {
  let isClosed = false;
  const currentRevision = coalesce(() => readRevision(client, keys));
  const feed = sharedFeed(client, keys, currentRevision);

  const assertOpen = (signal?: AbortSignal): void => {
    signal?.throwIfAborted();
    if (isClosed) throw new StoreError('Closed', 'the store is closed');
  };

  return {
    async get(key, signal) {
      assertOpen(signal);
      const { kvs } = await abortable(client.range({ key: keys.dataKey(key) }), signal);
      return kvs[0] && keys.entryOf(kvs[0]);
    },
    async list(prefix, page = {}, signal) {
      assertOpen(signal);
      return abortable(list(client, keys, prefix, page), signal);
    },
    async count(prefix, signal) {
      assertOpen(signal);
      const counted = client.range({ ...keys.dataRange(prefix), isCountOnly: true });
      return (await abortable(counted, signal)).count;
    },
    async txn(checks, writes, signal) {
      assertTxn(checks, writes);
      assertOpen(signal);
      const done = client.txn(txnRequest(keys, checks, writes));
      return txnResult(keys, checks, await abortable(done, signal));
    },
    watch(prefix, fromRevision, watcher) {
      assertOpen();
      return feed.watch(prefix, fromRevision, watcher);
    },
    async currentRevision(signal) {
      assertOpen(signal);
      return abortable(currentRevision(), signal);
    },
    async compact(revision) {
      assertOpen();
      await compact(client, revision);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      feed.close();
      client.close();
    },
  };
}

async function readRevision(client: EtcdClient, keys: Layout): Promise<bigint> {
  const { kvs, revision } = await client.range({ key: keys.revKey });
  return kvs[0]?.modRevision ?? revision;
}

async function list(client: EtcdClient, keys: Layout, prefix: string, { limit = 0, after, revision }: ListPage): Promise<ListResult> {
  const answer = await client.range({ ...keys.dataRange(prefix, after), limit, revision: revision ?? 0n });
  return {
    entries: answer.kvs.map(keys.entryOf),
    revision: revision ?? answer.revision,
    more: answer.more,
    remaining: answer.count - answer.kvs.length,
  };
}

async function compact(client: EtcdClient, revision: bigint): Promise<void> {
  try {
    await client.compact(revision);
  } catch (error) {
    if (!StoreError.is(error, 'Compacted')) throw error;
  }
}
