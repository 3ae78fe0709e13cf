import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { within } from '../server/eventually.ts';
import type { RunningServer } from '../server/start-server.ts';

/** What came back on a connection, whole: a hostile client looks at bytes, not at what a library makes of them. */
export interface RawAnswer {
  /** 0 when the server closed without a word. */
  status: number;
  head: string;
  body: string;
}

/** A connection that has shaken hands. */
export async function openTls({ port, ca }: RunningServer): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  await within('the TLS handshake', once(socket, 'secureConnect'), undefined, 30_000);
  return socket;
}

/** A connection on which nothing was said yet. */
export async function openTcp({ port }: RunningServer): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  await within('the connection', once(socket, 'connect'), undefined, 30_000);
  return socket;
}

export const head = (
  { token }: RunningServer,
  method: string,
  path: string,
  headers: readonly string[] = [],
  version = 'HTTP/1.1',
): string => [`${method} ${path} ${version}`, 'Host: localhost', `Authorization: Bearer ${token}`, ...headers, '', ''].join('\r\n');

export const parseAnswer = (bytes: Buffer): RawAnswer => {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
  return { status, head: end < 0 ? text : text.slice(0, end), body: end < 0 ? '' : text.slice(end + 4) };
};

/** Sends bytes on a connection of its own and gives back all that comes until the server closes it, or is silent for `quietMs`. */
export async function sendRaw(server: RunningServer, bytes: string | Buffer, quietMs = 1_000): Promise<RawAnswer> {
  const socket = await openTls(server);
  const chunks: Buffer[] = [];
  const over = new Promise<void>((resolve) => {
    socket.setTimeout(quietMs, resolve);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks))) resolve();
    });
    socket.on('close', () => resolve());
  });
  socket.write(bytes);
  await over;
  socket.destroy();
  return parseAnswer(Buffer.concat(chunks));
}

function isWhole(bytes: Buffer): boolean {
  const { head: lines, body } = parseAnswer(bytes);
  const length = /content-length: (\d+)/i.exec(lines)?.[1];
  if (/^HTTP\/1\.1 100/.test(lines)) return false;
  return length !== undefined && body.length >= Number(length);
}
