import type { IWatchResponse } from 'etcd3/lib/rpc.js';
import { StoreError, type StoreEvent } from '../store.ts';
import type { EtcdClient, WatchStream } from './etcd-client.ts';
import type { Layout } from './layout.ts';

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
  let stream: WatchStream | undefined;
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

  const connect = async (): Promise<void> => {
    const opened = await client.watchStream();
    if (isOver) return opened.cancel();
    stream = opened;
    const broken = () => {
      if (isOver || stream !== opened) return;
      stream = undefined;
      opened.cancel();
      reconnectLater();
    };
    opened.on('data', (response: IWatchResponse) => {
      if (isOver || stream !== opened) return;
      if (response.canceled) refused(response, broken);
      else receive(response);
    });
    opened.on('error', broken);
    opened.on('end', broken);
    // From the last revision seen, not from the one after it: etcd then says `Compacted` when anything after it may be gone.
    opened.write({ create_request: { ...keys.all, start_revision: String(position + 1n - lookBack || 1n), prev_kv: true } });
    lookBack = 1n;
  };

  const reconnectLater = (): void => {
    if (isOver) return;
    timer = setTimeout(() => connect().catch(reconnectLater), RECONNECT_MS);
  };

  const refused = ({ compact_revision: compacted, cancel_reason: reason }: IWatchResponse, broken: () => void): void => {
    if (BigInt(compacted) > 0n || /compacted/.test(reason)) {
      end(new StoreError('Compacted', `events after revision ${position} are no longer kept: history starts at ${compacted}`));
    } else if (/permission/.test(reason)) end(new StoreError('Lost', `etcd refuses the watch: ${reason}`));
    else broken();
  };

  const receive = ({ events }: IWatchResponse): void => {
    const last = events.at(-1);
    const upTo = last ? BigInt(last.kv.mod_revision) : position;
    if (upTo <= position) return;
    const fresh = events.filter(({ kv }) => BigInt(kv.mod_revision) > position);
    position = upTo;
    follower.onEvents(
      fresh.flatMap((event) => keys.eventOf(event) ?? []),
      upTo,
    );
  };

  connect().catch(reconnectLater);
  return { close: stop };
}
