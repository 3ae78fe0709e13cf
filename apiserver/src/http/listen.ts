import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface ListenOptions {
  bind: string;
  port: number;
  cert: Buffer;
  key: Buffer;
  limits: ConnectionLimits;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Each bounds what a client that does not finish what it began can hold. */
export interface ConnectionLimits {
  connections: number;
  handshakeMs: number;
  headersMs: number;
  requestMs: number;
  idleMs: number;
  headerBytes: number;
}

export async function listen(options: ListenOptions): Promise<Server> {
  const { limits, cert, key } = options;
  const server = createServer(
    {
      cert,
      key,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.handshakeMs,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: limits.headerBytes,
      noDelay: true,
    },
    options.onRequest,
  );
  server.maxConnections = limits.connections;
  server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.bind, resolve);
  });
  return server;
}
