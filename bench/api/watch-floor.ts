import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { objectBytes } from './widget.ts';

/**
 * What the delivery of events cannot be faster than here: a bare TLS server, in a process of its own, that gives each write's time to all
 * watchers at once, without reading, checking, storing or ordering anything. `node watch-floor.ts CERT KEY PORT`.
 */
const [certFile = '', keyFile = '', port = ''] = process.argv.slice(2);
const watchers = new Set<Socket>();
const padding = 'x'.repeat(objectBytes);

const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile), noDelay: true }, async (request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200).flushHeaders();
    const { socket } = request;
    watchers.add(socket);
    socket.once('close', () => watchers.delete(socket));
    return;
  }
  const { spec } = JSON.parse(await text(request));
  const body = `${JSON.stringify({ type: 'MODIFIED', object: { spec, padding } })}\n`;
  const chunk = Buffer.from(`${body.length.toString(16)}\r\n${body}\r\n`);
  response.end('{}');
  for (const socket of watchers) socket.write(chunk);
});
await once(server.listen(Number(port), '127.0.0.1'), 'listening');
const { port: listening } = server.address() as AddressInfo;
console.log(JSON.stringify({ ready: true, port: listening }));
