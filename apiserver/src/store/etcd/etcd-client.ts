import { systemClock } from '@river/runtime';
import type { Etcd3, IOptions } from 'etcd3';
import { StoreError } from '../store.ts';

/** The calls of one etcd that the store makes, on whichever endpoint answers; every call ends within {@link CALL_DEADLINE_MS}. */
export interface EtcdClient {
  /** @throws StoreError */
  call<Result>(use: (client: Etcd3, options: { deadline: number }) => Promise<Result>): Promise<Result>;
  watchStream(): Promise<WatchStream>;
  close(): void;
}

export type WatchStream = Awaited<ReturnType<Etcd3['watchClient']['watch']>>;

export const CALL_DEADLINE_MS = 8_000;

/** gRPC's status of a stream that we ended ourselves. */
const CANCELLED = 1;

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** No retries and no circuit breaker: a txn must not be sent twice, and after an outage the first call must go through. */
const straight = {
  execute: async <Result>(work: (context: { signal: AbortSignal }) => Result) => work({ signal: new AbortController().signal }),
  onSuccess: () => ({ dispose() {} }),
  onFailure: () => ({ dispose() {} }),
} as unknown as Policy; // the library's interface has one more member, for types only

const GRPC_OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
};

/** The library is loaded here, so that a server on another store does not pay for it. */
export async function etcdClient(endpoints: readonly string[]): Promise<EtcdClient> {
  const { Etcd3: Client } = await import('etcd3');
  const clients = endpoints.map(
    (hosts) => new Client({ hosts, grpcOptions: GRPC_OPTIONS, faultHandling: { host: () => straight, global: straight } }),
  );
  let current = 0;

  /** The next call tries the next endpoint; many calls that fail together move on by one. */
  const moveOn = (used: number): void => {
    if (current === used) current = (used + 1) % clients.length;
  };

  const withClient = async <Result>(use: (client: Etcd3, used: number) => Promise<Result>): Promise<Result> => {
    const used = current;
    const client = clients[used];
    if (!client) throw new StoreError('Unavailable', 'etcd: no endpoints');
    try {
      return await use(client, used);
    } catch (error) {
      const failure = asStoreError(error, endpoints[used] ?? '');
      if (failure.reason === 'Unavailable') moveOn(used);
      throw failure;
    }
  };

  return {
    // gRPC wants an absolute time of the wall clock.
    call: (use) => withClient((client) => use(client, { deadline: systemClock.wallMs() + CALL_DEADLINE_MS })),
    watchStream: () =>
      withClient(async (client, used) => {
        const stream = await client.watchClient.watch();
        return stream.on('error', (error: Error) => {
          const isOurs = 'code' in error && error.code === CANCELLED;
          if (!isOurs) moveOn(used);
        });
      }),
    close() {
      for (const client of clients) client.close();
    },
  };
}

const REASONS: [RegExp, StoreError['reason'], string][] = [
  [/required revision has been compacted/, 'Compacted', 'that revision is no longer kept'],
  [/required revision is a future revision/, 'FutureRevision', 'that revision has not happened'],
  [/database space exceeded/, 'Full', 'its quota is used up: compact, defragment and disarm the alarm, or raise --quota-backend-bytes'],
  [/request is too large/, 'Full', 'the write is larger than it takes: raise --max-request-bytes'],
];

function asStoreError(error: unknown, endpoint: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  for (const [pattern, reason, text] of REASONS) {
    if (pattern.test(message)) return new StoreError(reason, `etcd at ${endpoint}: ${text}`, { cause: error });
  }
  return new StoreError('Unavailable', `etcd at ${endpoint}: ${message}`, { cause: error });
}
