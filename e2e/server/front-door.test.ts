import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { ensureFrontDoorCertificates, type KeyPair, makeAuthority, makeClientCertificate } from '@river/runtime';
import { type RunningServer, startServer } from './start-server.ts';

const dayMs = 24 * 60 * 60 * 1000;
type Headers = Record<string, string | string[]>;

describe('a front door', () => {
  const dir = mkdtempSync(join(tmpdir(), 'river-front-'));
  const frontFile = (name: string) => readFileSync(join(dir, name), 'utf8');
  let server: RunningServer;
  let fronts: KeyPair;
  let clients: KeyPair;
  let door: KeyPair;
  before(async () => {
    const { caFile } = await ensureFrontDoorCertificates({ dir, now: new Date() });
    fronts = { certificate: frontFile('front-ca.crt'), key: frontFile('front-ca.key') };
    door = { certificate: frontFile('front-proxy.crt'), key: frontFile('front-proxy.key') };
    server = await startServer({ store: 'memory', flags: { 'requestheader-client-ca': caFile } });
    const pki = (name: string) => readFileSync(join(server.dir, 'pki', name), 'utf8');
    clients = { certificate: pki('ca.crt'), key: pki('ca.key') };
  });
  after(async () => {
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  interface WhoAmI {
    status: number;
    user: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  }

  /** Whom the server takes the one for who shows this certificate and sends these headers. */
  const whoAmI = (pair: KeyPair | undefined, headers: Headers = {}): Promise<WhoAmI> =>
    new Promise((resolve, reject) => {
      const { port, ca } = server;
      const shown = pair && { cert: pair.certificate, key: pair.key };
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      const options = { host: '127.0.0.1', port, ca, ...shown, path, method: 'POST', agent: false, servername: 'localhost' } as const;
      const outgoing = request({ ...options, headers: { 'Content-Type': 'application/json', ...headers } }, async (response) => {
        const body = JSON.parse(await text(response));
        resolve({ status: response.statusCode ?? 0, user: body.status?.userInfo ?? {} });
      });
      outgoing.on('error', reject);
      outgoing.end('{}');
    });
  const ada: Headers = { 'X-Remote-User': 'ada', 'X-Remote-Group': ['lab', 'team'] };

  it('says whom a request is from', async () => {
    const { user } = await whoAmI(door, {
      ...ada,
      'X-Remote-Uid': 'u-1',
      'X-Remote-Extra-Example.org%2Freason': ['one', 'two'],
    });
    assert.deepEqual([user.username, user.uid, user.groups], ['ada', 'u-1', ['lab', 'team', 'system:authenticated']]);
    assert.deepEqual(user.extra, { 'example.org/reason': ['one', 'two'] });
    assert.deepEqual(await twice(door, 'X-Remote-User: zoë\r\n'), ['zoë', 'zoë']);
  });

  it('is believed about nobody when it says nothing, or nothing clear', async () => {
    assert.equal((await whoAmI(door)).status, 401);
    assert.equal((await whoAmI(door, { 'X-Remote-Group': 'system:masters' })).status, 401);
    assert.equal((await whoAmI(door, { 'X-Remote-User': '' })).status, 401);
    assert.equal((await whoAmI(door, { 'X-Remote-User': 'system:anonymous' })).status, 401);
    assert.equal((await whoAmI(door, { 'X-Remote-User': ['ada', 'bob'] })).status, 400);
    assert.equal((await whoAmI(door, { ...ada, 'X-Remote-Extra-%zz': 'x' })).status, 400);
  });

  it('may pass on a token instead', async () => {
    const { user } = await whoAmI(door, { Authorization: `Bearer ${server.token}` });
    assert.equal(user.username, 'admin');
  });

  it('cannot be played by anybody else', async () => {
    const now = new Date();
    const front = { username: 'front-proxy', groups: [] };
    const spoofed: Record<string, KeyPair | undefined> = {
      'no certificate': undefined,
      'another name under the front authority': await makeClientCertificate(fronts, { username: 'other', groups: [] }, now),
      'the name in another form': await makeClientCertificate(fronts, { username: 'Front-Proxy', groups: ['front-proxy'] }, now),
      'no name': await makeClientCertificate(fronts, { username: '', groups: ['front-proxy'] }, now),
      'an expired one': await makeClientCertificate(fronts, front, new Date(now.getTime() - 2 * dayMs), 1),
      'a stranger under the name of the authority': await makeClientCertificate(
        { certificate: fronts.certificate, key: (await makeAuthority(now)).key },
        front,
        now,
      ),
      'another authority': await makeClientCertificate(await makeAuthority(now, 'River front CA'), front, now),
      'the authority itself': fronts,
    };
    for (const [what, pair] of Object.entries(spoofed)) assert.equal((await whoAmI(pair, ada)).status, 401, what);
  });

  it('cannot be played by a client with its name: its headers then say nothing', async () => {
    const pair = await makeClientCertificate(clients, { username: 'front-proxy', groups: ['people'] }, new Date());
    const { user } = await whoAmI(pair, { ...ada, 'X-Remote-Group': 'system:masters' });
    assert.deepEqual([user.username, user.groups], ['front-proxy', ['people', 'system:authenticated']]);
    const withToken = await whoAmI(undefined, { ...ada, Authorization: `Bearer ${server.token}` });
    assert.equal(withToken.user.username, 'admin');
  });

  it('is no client: its authority signs nobody in', async () => {
    const pair = await makeClientCertificate(fronts, { username: 'eve', groups: ['system:masters'] }, new Date());
    assert.equal((await whoAmI(pair)).status, 401);
    const named = await makeClientCertificate(fronts, { username: 'front-proxy', groups: ['system:masters'] }, new Date());
    assert.equal((await whoAmI(named)).status, 401);
  });

  it('is still one when its connection resumes a session, and a client is still a client', async () => {
    const bob = await makeClientCertificate(clients, { username: 'bob', groups: [] }, new Date());
    assert.deepEqual(await twice(door, 'X-Remote-User: ada\r\n'), ['ada', 'ada']);
    assert.deepEqual(await twice(bob, 'X-Remote-User: ada\r\n'), ['bob', 'bob']);
  });

  /** Asks on a connection, and again on one that resumes its session. */
  async function twice(pair: KeyPair, headers: string): Promise<string[]> {
    const sessions: Buffer[] = [];
    const once = async (): Promise<string> => {
      const [session] = sessions;
      const options = {
        host: '127.0.0.1',
        port: server.port,
        ca: server.ca,
        cert: pair.certificate,
        key: pair.key,
        servername: 'localhost',
      };
      const socket: TLSSocket = connect({ ...options, ...(session && { session }) });
      socket.on('session', (fresh) => sessions.push(fresh));
      const head = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
      socket.write(`${head}Content-Type: application/json\r\nContent-Length: 2\r\n${headers}\r\n{}`);
      socket.once('secureConnect', () => assert.equal(socket.isSessionReused(), session !== undefined));
      const answer = await text(socket);
      return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).status?.userInfo?.username ?? answer;
    };
    return [await once(), await once()];
  }

  it('must have an authority of its own', async () => {
    const shared = join(dir, 'shared.crt');
    const certificate = (await makeAuthority(new Date())).certificate;
    writeFileSync(shared, certificate);
    const flags = { 'client-ca': shared, 'requestheader-client-ca': shared };
    await assert.rejects(startServer({ store: 'memory', flags }), /share an authority/);
  });
});
