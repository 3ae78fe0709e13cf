import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { joinNode, makeClientCertificate, type NodeIdentity, parseJoinToken, systemClock } from '@river/runtime';
import { eventually, within } from './eventually.ts';
import { ctl, ctlOk, makeToken } from './node-join.ts';
import { useServer } from './use-server.ts';

const list = '/api/v1/namespaces/river-system/configmaps/revoked-certificates';

describe('a certificate that is revoked', () => {
  const used = useServer({ store: 'sqlite' });
  let folders = 0;
  const joined = async (node: string): Promise<NodeIdentity> => {
    const { whole } = await makeToken(used.server, used.api);
    const token = parseJoinToken(whole);
    assert.ok(token);
    const dir = join(used.server.dir, `revoked-${folders++}`);
    return joinNode({ clock: systemClock, timeoutMs: 10_000, dir, server: used.server.url, token, node });
  };
  /** One connection that is kept. */
  const connection = ({ certificate, key }: { certificate: string; key: string }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const options = { host: '127.0.0.1', port: used.server.port, ca: used.server.ca, cert: certificate, key, agent };
    let isReused = false;
    const open = (path: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const sent = request({ ...options, path }, resolve).on('error', reject);
        sent.once('socket', () => {
          isReused = sent.reusedSocket;
        });
        sent.end();
      });
    const get = async (path: string) => {
      const response = await open(path);
      await text(response);
      return { status: response.statusCode, isReused };
    };
    return { open, get, close: () => agent.destroy() };
  };

  it('is nobody’s at once, on a connection that is open, and ends its watches within two seconds', async () => {
    const { access } = await joined('gone');
    const kept = connection(access.clientCertificate);
    const watching = connection(access.clientCertificate);
    assert.equal((await kept.get('/api')).status, 200);
    const watch = await watching.open('/apis/river.dev/v1/nodes?watch=1&fieldSelector=metadata.name%3Dgone');
    assert.equal(watch.statusCode, 200);
    const lines = text(watch);
    const { code, err } = await ctl(used.server, ['node', 'revoke', 'gone']);
    assert.equal(code, 0, err);
    const startMs = performance.now();
    assert.deepEqual(await kept.get('/api'), { status: 401, isReused: true });
    const said = await within('the watch ends', lines);
    assert.ok(performance.now() - startMs < 2_000);
    assert.match(said, /"type":"ERROR".*"code":401/);
    kept.close();
    watching.close();
  });

  it('lets the node join again, and the certificate from then on is good', async () => {
    const before = connection((await joined('again')).access.clientCertificate);
    await ctlOk(used.server, ['node', 'revoke', 'again']);
    const { before: voidBefore } = JSON.parse(String(((await used.api.read(list)).data as Record<string, string>)['node.again']));
    await eventually('the second is over', () => Date.now() > Date.parse(voidBefore) + 1000);
    const after = connection((await joined('again')).access.clientCertificate);
    assert.deepEqual([(await before.get('/api')).status, (await after.get('/api')).status], [401, 200]);
    before.close();
    after.close();
  });

  it('is revoked by its serial number alone, also after a restart', async () => {
    const pki = (name: string) => readFileSync(join(used.server.dir, 'pki', name), 'utf8');
    const authority = { certificate: pki('ca.crt'), key: pki('ca.key') };
    const [one, other] = await Promise.all([1, 2].map(() => makeClientCertificate(authority, { username: 'bob', groups: [] }, new Date())));
    assert.ok(one && other);
    const { serialNumber } = new X509Certificate(one.certificate);
    await ctlOk(used.server, ['node', 'revoke', '--serial', serialNumber]);
    const statuses = async () => {
      const pair = [connection(one), connection(other)];
      const got = await Promise.all(pair.map(({ get }) => get('/api')));
      for (const { close } of pair) close();
      return got.map(({ status }) => status);
    };
    assert.deepEqual(await statuses(), [401, 200]);
    await used.server.restart();
    assert.deepEqual(await statuses(), [401, 200]);
  });

  it('stays on a list that nobody can write nonsense into', async () => {
    const refused = await used.api.call('PATCH', list, {
      body: { data: { 'node.x': '{"user":"system:node:x"}' } },
      type: 'application/merge-patch+json',
    });
    assert.deepEqual([refused.status, refused.json.details.causes[0].field], [422, 'data[node.x]']);
  });

  it('is refused to be signed when it was asked before', async () => {
    const { whole, id } = await makeToken(used.server, used.api, { approval: 'manual' });
    const token = parseJoinToken(whole);
    assert.ok(token);
    const dir = join(used.server.dir, `revoked-${folders++}`);
    const joining = joinNode({ clock: systemClock, timeoutMs: 20_000, dir, server: used.server.url, token, node: 'late' });
    // It may be refused before `node approve` has returned.
    const refused = assert.rejects(joining, /given up \(Revoked/);
    const name = await eventually(
      'it waits',
      async () => (await ctlOk(used.server, ['node', 'list'])).match(new RegExp(`join-${id}-\\w+`))?.[0] ?? '',
    );
    await ctlOk(used.server, ['node', 'revoke', 'late']);
    await ctlOk(used.server, ['node', 'approve', name, '--yes']);
    await refused;
  });
});
