import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that waits for the test to answer it, in whatever way a real server or network might. */
export interface ScriptedCall {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: string;
  response: ServerResponse;
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  /** Starts a watch and sends these lines; the connection stays open. */
  frames(...lines: unknown[]): void;
  /** The connection dies without a word. */
  reset(): void;
}

export interface ScriptedServer {
  readonly url: string;
  readonly calls: number;
  /** The next request, in order of arrival. */
  next(): Promise<ScriptedCall>;
  /** Closes the port and all connections; {@link start} opens the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A real HTTP server on loopback whose every answer is written by the test. */
export async function scriptedServer(): Promise<ScriptedServer> {
  const arrived: ScriptedCall[] = [];
  const waiting: ((call: ScriptedCall) => void)[] = [];
  let calls = 0;
  let port = 0;
  const server = createServer(async (request, response) => {
    calls++;
    const call = scripted(request, response, await readText(request));
    const waiter = waiting.shift();
    if (waiter) waiter(call);
    else arrived.push(call);
  });
  const start = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await start();
  port = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${port}`,
    get calls() {
      return calls;
    },
    next() {
      const call = arrived.shift();
      return call ? Promise.resolve(call) : new Promise((resolve) => waiting.push(resolve));
    },
    start,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function scripted(request: IncomingMessage, response: ServerResponse, body: string): ScriptedCall {
  return {
    method: request.method ?? '',
    url: new URL(request.url ?? '/', 'http://server'),
    headers: request.headers,
    body,
    response,
    json(status, answer, headers = {}) {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(answer));
    },
    frames(...lines) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
    },
    reset: () => request.socket.resetAndDestroy(),
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Waits for a condition while real sockets do their work, running `nudge` meanwhile; fails with what was seen. */
export async function until(condition: () => boolean, seen: () => unknown = () => '', nudge: () => void = () => {}): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`gave up waiting; seen: ${JSON.stringify(seen())}`);
    nudge();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
