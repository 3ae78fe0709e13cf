import { StoreError, type StoreEvent } from '../store.ts';
import type { EtcdClient } from './etcd-client.ts';
import type { GrpcStream } from './grpc/grpc-client.ts';
import type { Layout } from './layout.ts';
import type { WatchResponse } from './messages/watch.ts';

export interface Follower {
  /** Whole revisions. */
  onEvents(events: StoreEvent[], upTo: bigint): void;
  /** `Compacted` or `Lost`; nothing comes after. */
  onEnd(error: StoreError): void;
}

export interface FollowFrom {
  after: bigint;
  /** `after` was just read as the newest revision. */
  isPresent?: boolean;
}

export interface Following {
  close(): void;
}

/** Steady: an outage of any length is followed by at most this much more silence. */
const RECONNECT_MS = 200;

/**
 * Everything that happens in the store after `fromRevision`, over outages, each revision once.
 * One gRPC stream; etcd never splits a revision as long as nobody asks for fragments.
 */
export function follow(client: EtcdClient, keys: Layout, { after, isPresent = false }: FollowFrom, follower: Follower): Following {
  let position = after;
  // etcd lets a watch that starts in its future live at once; one that looks back waits for a round of 100 ms.
  let lookBack = isPresent ? 0n : 1n;
  let stream: GrpcStream | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  const stop = (): void => {
    isOver = true;
    clearTimeout(timer);
    stream?.cancel();
  };

  const end = (error: StoreError): void => {
    if (isOver) return;
    stop();
    follower.onEnd(error);
  };

  const connect = (): void => {
    // From the last revision seen, not from the one after it: etcd then says `Compacted` when anything after it may be gone.
    const startRevision = position + 1n - lookBack || 1n;
    lookBack = 1n;
    stream = client.watch(
      { ...keys.all, startRevision },
      {
        onResponse: (response) => (response.isCanceled ? refused(response) : receive(response)),
        onBroken: reconnectLater,
      },
    );
  };
  const reconnectLater = (): void => {
    if (!isOver) timer = setTimeout(connect, RECONNECT_MS);
  };
  const refused = ({ compactRevision: compacted, cancelReason: reason }: WatchResponse): void => {
    if (compacted > 0n || /compacted/.test(reason)) {
      end(new StoreError('Compacted', `events after revision ${position} are no longer kept: history starts at ${compacted}`));
    } else if (/permission/.test(reason)) end(new StoreError('Lost', `etcd refuses the watch: ${reason}`));
    else {
      stream?.cancel();
      reconnectLater();
    }
  };

  const receive = ({ events }: WatchResponse): void => {
    const last = events.at(-1);
    const upTo = last?.kv.modRevision ?? position;
    if (upTo <= position) return;
    const fresh = events.filter(({ kv }) => kv.modRevision > position);
    position = upTo;
    follower.onEvents(
      fresh.flatMap((event) => keys.eventOf(event) ?? []),
      upTo,
    );
  };

  connect();
  return { close: stop };
}
