import { systemClock } from '@river/runtime';
import { StoreError } from '../store.ts';
import { type GrpcClient, type GrpcStream, grpcClient } from './grpc/grpc-client.ts';
import { GrpcError } from './grpc/grpc-error.ts';
import { compactionRequest } from './messages/compaction.ts';
import { type RangeRequest, type RangeResponse, rangeRequest, readRangeResponse } from './messages/range.ts';
import { readTxnResponse, type TxnRequest, type TxnResponse, txnRequest } from './messages/txn.ts';
import { readWatchResponse, type WatchRequest, type WatchResponse, watchRequest } from './messages/watch.ts';
import { ProtobufError } from './protobuf/read-fields.ts';

/** What the store asks of one etcd, on whichever endpoint answers; every call ends within {@link CALL_DEADLINE_MS} or throws a StoreError. */
export interface EtcdClient {
  range(request: RangeRequest): Promise<RangeResponse>;
  txn(request: TxnRequest): Promise<TxnResponse>;
  compact(revision: bigint): Promise<void>;
  watch(request: WatchRequest, listener: WatchListener): GrpcStream;
  close(): void;
}

export interface WatchListener {
  onResponse(response: WatchResponse): void;
  /** At most once, last, and not after it was cancelled. */
  onBroken(): void;
}

export const CALL_DEADLINE_MS = 8_000;

export function etcdClient(endpoints: readonly string[]): EtcdClient {
  const clients = endpoints.map((endpoint) => grpcClient({ endpoint, deadlineMs: CALL_DEADLINE_MS, clock: systemClock }));
  let current = 0;
  const inUse = (): { client: GrpcClient; endpoint: string; moveOn(): void } => {
    const used = current;
    const [client, endpoint] = [clients[used], endpoints[used]];
    if (!client || endpoint === undefined) throw new StoreError('Unavailable', 'etcd: no endpoints');
    return {
      client,
      endpoint,
      /** The next call tries the next endpoint; many calls that fail together move on by one. */
      moveOn() {
        if (current === used) current = (used + 1) % clients.length;
      },
    };
  };
  const call = async <Result>(use: (client: GrpcClient) => Promise<Result>): Promise<Result> => {
    const { client, endpoint, moveOn } = inUse();
    try {
      return await use(client);
    } catch (error) {
      if (!isFailure(error)) throw error;
      const failure = asStoreError(error, endpoint);
      if (failure.reason === 'Unavailable') moveOn();
      throw failure;
    }
  };
  return {
    range: (request) => call(async (client) => readRangeResponse(await client.call('/etcdserverpb.KV/Range', rangeRequest(request)))),
    txn: (request) => call(async (client) => readTxnResponse(await client.call('/etcdserverpb.KV/Txn', txnRequest(request)))),
    compact: (revision) => call(async (client) => void (await client.call('/etcdserverpb.KV/Compact', compactionRequest(revision)))),
    watch(request, { onResponse, onBroken }) {
      const { client, moveOn } = inUse();
      const broken = () => {
        moveOn();
        onBroken();
      };
      return watchOn(client, request, { onResponse, onBroken: broken });
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}

function watchOn(client: GrpcClient, request: WatchRequest, { onResponse, onBroken }: WatchListener): GrpcStream {
  const stream = client.stream('/etcdserverpb.Watch/Watch', watchRequest(request), {
    onMessage(message) {
      const response = readOrUndefined(message);
      if (response) return onResponse(response);
      stream.cancel();
      onBroken();
    },
    onEnd: onBroken,
  });
  return stream;
}

function readOrUndefined(message: Buffer): WatchResponse | undefined {
  try {
    return readWatchResponse(message);
  } catch (error) {
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
}

const isFailure = (error: unknown): error is GrpcError | ProtobufError => error instanceof GrpcError || error instanceof ProtobufError;

const REASONS: [RegExp, StoreError['reason'], string][] = [
  [/required revision has been compacted/, 'Compacted', 'that revision is no longer kept'],
  [/required revision is a future revision/, 'FutureRevision', 'that revision has not happened'],
  [/database space exceeded/, 'Full', 'its quota is used up: compact, defragment and disarm the alarm, or raise --quota-backend-bytes'],
  [/request is too large|received message larger than max/, 'Full', 'the write is larger than it takes: raise --max-request-bytes'],
];

function asStoreError(error: GrpcError | ProtobufError, endpoint: string): StoreError {
  for (const [pattern, reason, text] of REASONS) {
    if (pattern.test(error.message)) return new StoreError(reason, `etcd at ${endpoint}: ${text}`, { cause: error });
  }
  return new StoreError('Unavailable', `etcd at ${endpoint}: ${error.message}`, { cause: error });
}
