import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type KeyPair, makeAuthority, makeClientCertificate } from '@river/runtime';
import { within } from './eventually.ts';
import { kubectlOk } from './kubectl.ts';
import { type RunningServer, startServer } from './start-server.ts';

const dayMs = 24 * 60 * 60 * 1000;

describe('a client certificate', () => {
  let server: RunningServer;
  let authority: KeyPair;
  const bob = { username: 'bob', groups: ['team', 'lab'] };
  before(async () => {
    server = await startServer({ store: 'memory' });
    const pki = (name: string) => readFileSync(join(server.dir, 'pki', name), 'utf8');
    authority = { certificate: pki('ca.crt'), key: pki('ca.key') };
  });
  after(() => server?.stop());

  /** Who the server takes a client with this certificate for: a name and groups, or a status. */
  const whoAmI = ({ certificate, key }: KeyPair, headers: Record<string, string> = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port, ca } = server;
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      const options = { host: '127.0.0.1', port, ca, cert: certificate, key, path, method: 'POST', agent: false, servername: 'localhost' };
      const outgoing = request({ ...options, headers: { 'Content-Type': 'application/json', ...headers } }, async (response) => {
        const body = JSON.parse(await text(response));
        const { username, groups = [] } = body.status?.userInfo ?? {};
        resolve(response.statusCode === 201 ? `${username} ${groups}` : String(response.statusCode));
      });
      outgoing.on('error', reject);
      outgoing.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }));
    });

  it('says who one is, and of which groups', async () => {
    const pair = await makeClientCertificate(authority, bob, new Date());
    assert.equal(await whoAmI(pair), 'bob team,lab,system:authenticated');
    assert.equal(await whoAmI(pair, { Authorization: 'Bearer nonsense' }), 'bob team,lab,system:authenticated');
    const odd = await makeClientCertificate(authority, { username: 'system:node:a, O=system:masters', groups: [] }, new Date());
    assert.equal(await whoAmI(odd), 'system:node:a, O=system:masters system:authenticated');
  });

  it('is worth nothing from another authority, out of its time, or made for a server', async () => {
    const now = new Date();
    const cases: [what: string, pair: KeyPair][] = [
      ['of another authority', await makeClientCertificate(await makeAuthority(now), bob, now)],
      ['of an authority that only calls itself so', await makeClientCertificate(await impostor(authority, now), bob, now)],
      ['that has expired', await makeClientCertificate(authority, bob, new Date(now.getTime() - 2 * dayMs), 1)],
      ['that is not valid yet', await makeClientCertificate(authority, bob, new Date(now.getTime() + dayMs))],
      ['of the server itself', { certificate: pkiFile('server.crt'), key: pkiFile('server.key') }],
      ['without a name', await makeClientCertificate(authority, { username: '', groups: ['system:masters'] }, now)],
    ];
    for (const [what, pair] of cases) assert.equal(await whoAmI(pair), '401', what);
  });

  it('ends the watch that began with it when its time is over', async () => {
    const shortly = 2 / (24 * 60 * 60);
    const { certificate, key } = await makeClientCertificate(
      authority,
      { username: 'dan', groups: ['system:masters'] },
      new Date(),
      shortly,
    );
    const watched = new Promise<string>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: server.port,
        ca: server.ca,
        cert: certificate,
        key,
        agent: false,
        servername: 'localhost',
      };
      const outgoing = request({ ...options, path: '/api/v1/namespaces?watch=1' }, (response) => text(response).then(resolve, reject));
      outgoing.on('error', reject).end();
    });
    const lines = (await within('the watch ends', watched)).trim().split('\n');
    const { type, object } = JSON.parse(lines.at(-1) ?? '');
    assert.deepEqual([lines.length > 1, type, object.code], [true, 'ERROR', 401]);
  });

  it('signs kubectl in', async () => {
    const { certificate, key } = await makeClientCertificate(authority, { username: 'carol', groups: ['system:masters'] }, new Date());
    writeFileSync(join(server.dir, 'carol.crt'), certificate);
    writeFileSync(join(server.dir, 'carol.key'), key, { mode: 0o600 });
    const as = ['--client-certificate', join(server.dir, 'carol.crt'), '--client-key', join(server.dir, 'carol.key')];
    const where = ['--kubeconfig', '/dev/null', '--server', server.url, '--certificate-authority', server.caFile];
    assert.match(await kubectlOk(server, [...where, ...as, 'auth', 'whoami']), /Username +carol/);
    assert.match(await kubectlOk(server, [...where, ...as, 'get', 'namespaces']), /default/);
  });

  const pkiFile = (name: string) => readFileSync(join(server.dir, 'pki', name), 'utf8');
});

/** The real one's certificate, and a key that it never had. */
async function impostor({ certificate }: KeyPair, now: Date): Promise<KeyPair> {
  return { certificate, key: (await makeAuthority(now)).key };
}
