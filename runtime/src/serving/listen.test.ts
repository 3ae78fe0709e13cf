import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { ensureServerCertificates } from '../certificates/ensure-certificates.ts';
import { systemClock } from '../clock/system-clock.ts';
import { listen } from './listen.ts';

/** As short as a test may wait; the server looks about once a second who has run out of time. */
const limits = {
  connections: 20,
  handshakes: 10,
  pipelined: 4,
  handshakeMs: 200,
  headersMs: 300,
  requestMs: 600,
  idleMs: 200,
  headerBytes: 4096,
};

describe('a connection', { timeout: 20_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'river-listen-'));
  let server: Server;
  let port: number;
  let ca: string;
  before(async () => {
    const made = await ensureServerCertificates({ dir, now: new Date() });
    ca = made.ca;
    const [cert, key] = [readFileSync(made.certFile), readFileSync(made.keyFile)];
    server = await listen({
      bind: '127.0.0.1',
      port: 0,
      cert,
      key,
      authorities: [],
      limits,
      clock: systemClock,
      onRequest: (request, response) => request.resume().on('end', () => response.end('done')),
    });
    port = (server.address() as AddressInfo).port; // it listens on TCP
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** What the server says to these bytes until it closes the connection, which is what each test waits for. */
  const saidUntilClosed = async (bytes: string): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' });
    let said = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      said += chunk;
    });
    const closed = once(socket, 'close');
    await once(socket, 'secureConnect');
    socket.write(bytes);
    await closed;
    return said;
  };
  const statusOf = (said: string) => JSON.parse(said.slice(said.indexOf('\r\n\r\n'))) as { kind: string; code: number };

  it('that never shakes hands is closed', async () => {
    const socket = connectTcp({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
  });

  it('that does not finish its headers is told so with a Status, and closed', async () => {
    const said = await saidUntilClosed('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ');
    assert.match(said, /^HTTP\/1\.1 408 /);
    assert.deepEqual([statusOf(said).kind, statusOf(said).code], ['Status', 408]);
  });

  it('that does not finish its body is told so with a Status, and closed', async () => {
    const said = await saidUntilClosed('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{');
    assert.match(said, /^HTTP\/1\.1 408 /);
  });

  it('that asks nothing more after an answer is closed', async () => {
    assert.match(await saidUntilClosed('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 [\s\S]*done/);
  });

  it('with more headers than fit is told so with a Status', async () => {
    const said = await saidUntilClosed(`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(limits.headerBytes)}\r\n\r\n`);
    assert.match(said, /^HTTP\/1\.1 431 /);
    assert.equal(statusOf(said).code, 431);
  });
});
