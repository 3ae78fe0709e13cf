import { ApiError } from '@river/crds';
import type { Sink } from '../watch/watch-member.ts';
import type { Exchange } from './exchange.ts';

/**
 * The connection of a watcher. The headers go out at once; from then on whole HTTP chunks are written straight to the socket,
 * so that one buffer serves any number of watchers.
 */
export function watchSink({ response }: Exchange, drainDeadlineMs: number): Sink {
  const { socket } = response;
  // Behind another request on the same connection there is no socket to write to yet.
  if (!socket) throw new ApiError('BadRequest', 'a watch must not be sent before the answer to the request before it has come');
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private', 'Transfer-Encoding': 'chunked' });
  response.flushHeaders();
  return {
    write(chunk) {
      if (!socket.destroyed) socket.write(chunk);
    },
    waitingBytes: () => socket.writableLength,
    drained: () =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the watcher is gone'));
        const settle = (error?: Error) => {
          clearTimeout(timer);
          socket.off('drain', done);
          socket.off('close', gone);
          if (error) reject(error);
          else resolve();
        };
        const done = () => settle();
        const gone = () => settle(new Error('the watcher is gone'));
        const timer = setTimeout(() => settle(new Error('the watcher does not read')), drainDeadlineMs);
        socket.on('drain', done);
        socket.on('close', gone);
      }),
    destroy: () => void socket?.destroy(),
    end() {
      const waiting = socket.writableLength;
      response.end();
      if (waiting > 0) setTimeout(() => socket.destroy(), drainDeadlineMs).unref();
    },
  };
}
