import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, to break what is between them. */
export interface TcpProxy {
  port: number;
  /** Connections that it has taken so far. */
  taken(): number;
  /** Resets every connection that is open, as a router does that has lost its memory. */
  reset(): void;
  close(): Promise<void>;
}

export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
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
    client.pipe(target).pipe(client);
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
    async close() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}
