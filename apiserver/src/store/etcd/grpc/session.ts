import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { Clock } from '@river/runtime';
import { GrpcError } from './grpc-error.ts';

/** One HTTP/2 connection, which lives from when it is opened until it breaks, is told to go, or is destroyed. */
export interface Session {
  /** New streams can be opened. */
  isUsable(): boolean;
  open(headers: OutgoingHttpHeaders): ClientHttp2Stream;
  destroy(): void;
}

const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;

const STREAM_WINDOW_BYTES = 1 << 20;
const SESSION_WINDOW_BYTES = 8 << 20;
/** Above the sum of all requests in flight; Node refuses streams at 10 MB otherwise. */
const SESSION_MEMORY_MB = 1 << 10;

export interface SessionOptions {
  endpoint: string;
  clock: Clock;
  /** It takes no more after so many, and ends when they have. */
  maxStreams: number;
  onClose(): void;
}

/** Notices within 15 s when the other side has gone silent while streams are open. */
export function openSession({ endpoint, clock, maxStreams, onClose }: SessionOptions): Session {
  const session = connect(`http://${endpoint}`, {
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
    maxSessionMemory: SESSION_MEMORY_MB,
  });
  let openStreams = 0;
  let leftStreams = maxStreams;
  session.on('connect', () => {
    if (!session.destroyed) session.setLocalWindowSize(SESSION_WINDOW_BYTES);
  });
  // Each stream hears of it too.
  session.on('error', () => {});
  session.on('close', onClose);
  keepAlive(session, clock, () => openStreams > 0);
  return {
    isUsable: () => leftStreams > 0 && !session.closed && !session.destroyed,
    open(headers) {
      const stream = session.request(headers);
      openStreams++;
      leftStreams--;
      stream.on('close', () => {
        openStreams--;
        if (leftStreams <= 0 && openStreams === 0) session.close();
      });
      return stream;
    },
    destroy: () => session.destroy(new GrpcError('CANCELLED', 'the connection was closed'), constants.NGHTTP2_NO_ERROR),
  };
}

/** Pings only while it is used: etcd ends connections that ping without need. */
function keepAlive(session: ClientHttp2Session, clock: Clock, isUsed: () => boolean): void {
  const giveUp = (reason: string) => session.destroy(new GrpcError('UNAVAILABLE', reason));
  let cancel = () => {};
  const ping = () => {
    if (!isUsed()) return pingLater();
    if (session.connecting) return giveUp('no connection in time');
    cancel = clock.after(PONG_WITHIN_MS, () => giveUp('no answer to a ping'));
    session.ping(() => {
      cancel();
      if (!session.destroyed) pingLater();
    });
  };
  const pingLater = () => {
    cancel = clock.after(PING_EVERY_MS, ping);
  };
  pingLater();
  session.on('close', () => cancel());
}
