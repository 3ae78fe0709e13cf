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
    give: (chunk) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error | null) => {
          clearTimeout(timer);
          socket.off('close', gone);
          if (error) reject(error);
          else resolve();
        };
        const gone = () => settle(new Error('the watcher is gone'));
        const timer = setTimeout(() => settle(new Error('the watcher does not read')), drainDeadlineMs);
        socket.on('close', gone);
        socket.write(chunk, settle);
      }),
    waitingBytes: () => (socket.destroyed ? 0 : socket.writableLength),
    destroy: () => void socket?.destroy(),
    end() {
      const waiting = socket.writableLength;
      response.end();
      if (waiting > 0) setTimeout(() => socket.destroy(), drainDeadlineMs).unref();
    },
  };
}
