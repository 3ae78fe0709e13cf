import { type ClientHttp2Stream, constants } from 'node:http2';
import type { Clock } from '@river/runtime';
import type { Pieces } from '../protobuf/fields.ts';
import { frame } from './frames.ts';
import { GrpcError } from './grpc-error.ts';
import { type Receiver, receive } from './receive.ts';
import { openSession, type Session } from './session.ts';

/** gRPC without TLS to one endpoint, on one connection, which is made when it is needed. Nothing is ever sent twice. */
export interface GrpcClient {
  /** One message there and one back, within the deadline. @throws GrpcError */
  call(path: string, request: Pieces): Promise<Buffer>;
  /** One message there, and whatever comes back until it is cancel, which the receiver is not told. */
  stream(path: string, request: Pieces, receiver: Receiver): GrpcStream;
  close(): void;
}

export interface GrpcStream {
  cancel(): void;
}

export interface GrpcOptions {
  /** `host:port` */
  endpoint: string;
  deadlineMs: number;
  clock: Clock;
  /** HTTP/2 has 2^30 of them for one connection; the next connection takes over before that. */
  streamsPerSession?: number;
}

export function grpcClient({ endpoint, deadlineMs, clock, streamsPerSession = 2 ** 29 }: GrpcOptions): GrpcClient {
  /** The one in use, and those that wait for their last streams. */
  const sessions = new Set<Session>();
  let current: Session | undefined;
  let isClosed = false;
  const usableSession = (): Session => {
    if (current?.isUsable()) return current;
    const session = openSession({ endpoint, clock, maxStreams: streamsPerSession, onClose: () => sessions.delete(session) });
    sessions.add(session);
    current = session;
    return session;
  };
  const common = {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': endpoint,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  return {
    async call(path, request) {
      if (isClosed) throw closed();
      const stream = usableSession().open({ ...common, ':path': path, 'grpc-timeout': `${deadlineMs}m` });
      return answerOf(stream, frame(request), (late) => clock.after(deadlineMs, late));
    },
    stream(path, request, receiver) {
      let isOver = false;
      const end = (error: GrpcError | undefined): void => {
        if (!isOver) receiver.onEnd(error);
      };
      const cancel = (stream?: ClientHttp2Stream): void => {
        isOver = true;
        stream?.close(constants.NGHTTP2_CANCEL);
      };
      if (isClosed) {
        queueMicrotask(() => end(closed()));
        return { cancel };
      }
      // A server that lost its cluster then ends the stream, instead of staying silent on it.
      const stream = usableSession().open({ ...common, ':path': path, hasleader: 'true' });
      receive(stream, {
        onMessage(message) {
          if (!isOver) receiver.onMessage(message);
        },
        onEnd: end,
      });
      stream.write(frame(request));
      return { cancel: () => cancel(stream) };
    },
    close() {
      isClosed = true;
      for (const session of sessions) session.destroy();
    },
  };
}

const closed = (): GrpcError => new GrpcError('CANCELLED', 'the client is closed');

function answerOf(stream: ClientHttp2Stream, request: Buffer, setDeadline: (late: () => void) => () => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const answers: Buffer[] = [];
    const clearDeadline = setDeadline(() => {
      reject(new GrpcError('DEADLINE_EXCEEDED', 'no answer in time'));
      stream.close(constants.NGHTTP2_CANCEL);
    });
    receive(stream, {
      onMessage: (message) => answers.push(message),
      onEnd(error) {
        clearDeadline();
        const [answer] = answers;
        if (error) reject(error);
        else if (answer && answers.length === 1) resolve(answer);
        else reject(new GrpcError('INTERNAL', `${answers.length} messages where one was expected`));
      },
    });
    stream.end(request);
  });
}
