import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DEFAULT_CIPHERS, type TLSSocket } from 'node:tls';
import { ApiError } from '@river/crds';
import type { Clock } from '../clock/clock.ts';
import { turns } from './turns.ts';

export interface ListenOptions {
  bind: string;
  port: number;
  cert: Buffer;
  key: Buffer;
  /** Clients are asked for a certificate of one of these (PEM); those without one are served, too. */
  authorities: readonly string[];
  limits: ConnectionLimits;
  clock: Clock;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Each bounds what a client that does not finish what it began can hold. */
export interface ConnectionLimits {
  connections: number;
  /** Connections that have not shaken hands; of more, the oldest go. */
  handshakes: number;
  /** Requests that wait on one connection for the answer to the one before. */
  pipelined: number;
  handshakeMs: number;
  headersMs: number;
  requestMs: number;
  idleMs: number;
  headerBytes: number;
}

const turnMs = 5;

/** The cheapest of the strong ciphers first: a crowd of watchers costs its server little else. */
const ciphers = `TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:${DEFAULT_CIPHERS}`;

export async function listen(options: ListenOptions): Promise<Server> {
  const { limits, cert, key, authorities } = options;
  /** The newest request's response, of each connection that had one. */
  const latest = new WeakMap<object, ServerResponse>();
  const server = createServer(
    {
      cert,
      key,
      ...(authorities.length > 0 && { ca: [...authorities], requestCert: true, rejectUnauthorized: false }),
      minVersion: 'TLSv1.2',
      ciphers,
      honorCipherOrder: true,
      // A list of protocols would be copied for each connection, into a slab of 64 KiB that then lives as long as the connection.
      ALPNCallback: ({ protocols }) => protocols.find((protocol) => protocol === 'http/1.1'),
      handshakeTimeout: limits.handshakeMs,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: limits.headerBytes,
      noDelay: true,
    },
    inTurn(limits.pipelined, latest, options.onRequest),
  );
  server.maxConnections = limits.connections;
  boundHandshakes(server, limits.handshakes);
  server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
  // Thousands can run out of time in the same moment.
  const inTurns = turns(options.clock, turnMs);
  server.on('clientError', (error, socket) =>
    inTurns(() => {
      refuse(error, socket, isSilent(latest.get(socket)));
      return true;
    }),
  );
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    response.writeHead(417, { 'Content-Length': 0, Connection: 'close' }).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.bind, resolve);
  });
  return server;
}

/** Honest clients shake hands within milliseconds: of too many who have not, those who came first are the ones who never will. */
function boundHandshakes(server: Server, most: number): void {
  const waiting = new Map<string, Socket>();
  const idOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const id = idOf(socket);
    waiting.set(id, socket);
    socket.once('close', () => {
      if (waiting.get(id) === socket) waiting.delete(id);
    });
    const [oldest] = waiting;
    if (waiting.size <= most || !oldest) return;
    waiting.delete(oldest[0]);
    oldest[1].destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => waiting.delete(idOf(socket)));
}

/** A connection's requests are served one after the other. Those that come early wait, a few at most, and nothing more is read meanwhile. */
function inTurn(most: number, latest: WeakMap<object, ServerResponse>, serve: ListenOptions['onRequest']): ListenOptions['onRequest'] {
  const waiting = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    latest.set(socket, response);
    if (response.socket) return serve(request, response);
    const count = (waiting.get(socket) ?? 0) + 1;
    waiting.set(socket, count);
    if (count > most) return void socket.destroy();
    socket.pause();
    response.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
      socket.resume();
      serve(request, response);
    });
  };
}

const refusals: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Nothing of an answer is on its way: it is over, or has not begun. */
const isSilent = (response?: ServerResponse): boolean => !response || response.writableFinished || !response.headersSent;

/** What is no HTTP also gets a Status, unless another answer is on its way. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, isIdle: boolean): void {
  if (!socket.writable || !isIdle) return void socket.destroy();
  const line = refusals[error.code ?? ''] ?? '400 Bad Request';
  const status = new ApiError('BadRequest', `the request could not be read: ${error.message}`).toStatus();
  const code = Number(line.slice(0, 3));
  // Kubernetes has no reason for the others, and clients go by the reason before the code.
  const body = `${JSON.stringify({ ...status, code, reason: code === 400 ? status.reason : '' })}\n`;
  const head = [`HTTP/1.1 ${line}`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
