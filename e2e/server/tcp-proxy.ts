import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, to break what is between them. */
export interface TcpProxy {
  port: number;
  /** Connections that it has taken so far. */
  taken(): number;
  /** Resets every connection that is open, as a router does that has lost its memory. */
  reset(): void;
  /** Lets nothing more through the connections that are open, and tells nobody: half-open, as after a cable was pulled. New ones work. */
  freeze(): void;
  /** Lets through what {@link freeze} has held. */
  thaw(): void;
  close(): Promise<void>;
}

export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const pairs = new Set<{ freeze: () => void; thaw: () => void }>();
  let taken = 0;
  const server = createServer((client) => {
    taken++;
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    const thaw = () => void client.pipe(target).pipe(client);
    thaw();
    const freeze = () => {
      for (const socket of [client, target]) {
        socket.unpipe();
        socket.pause();
      }
    };
    const pair = { freeze, thaw };
    pairs.add(pair);
    client.once('close', () => pairs.delete(pair));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const reset = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    taken: () => taken,
    reset,
    freeze() {
      for (const { freeze } of pairs) freeze();
    },
    thaw() {
      for (const { thaw } of pairs) thaw();
    },
    async close() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}
