import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  apiClient,
  identityFolder,
  joinNode,
  keepCertificate,
  keyHash,
  makeAuthority,
  makeCertificateRequest,
  parseJoinToken,
  silentLogger,
  systemClock,
} from '@river/runtime';
import { eventually, within } from './eventually.ts';
import { type Answer, apiOf } from './http.ts';
import { kubectl, kubectlOk } from './kubectl.ts';
import { ctl, ctlOk, makeToken } from './node-join.ts';
import { onEachStore } from './on-each-store.ts';
import { type RunningServer, startServer } from './start-server.ts';
import { useServer } from './use-server.ts';

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const requestFor = (name: string, node: string, key = newKey(), organizations = ['system:nodes']) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: {
    request: Buffer.from(makeCertificateRequest(key, { commonName: `system:node:${node}`, organizations })).toString('base64'),
    signerName: 'river.dev/node-client',
    usages: ['client auth'],
  },
});
const named = (id: string, node: string, key = newKey()) => requestFor(`join-${id}-${keyHash(key)}`, node, key);

const joinHere = (server: RunningServer, whole: string, node: string, dir: string) => {
  const token = parseJoinToken(whole);
  assert.ok(token);
  return joinNode({ clock: systemClock, timeoutMs: 20_000, dir, server: server.url, token, node });
};

describe('a machine', () => {
  const used = useServer({ store: 'sqlite' });
  const dirOf = (name: string) => join(used.server.dir, `node-${name}`);

  it('joins with one command, and kubectl is then that node', async () => {
    const made = await ctl(used.server, ['node', 'join-token', '--node', 'gpu-1', '--address', '127.0.0.0/8', '--ttl', '10m']);
    assert.equal(made.code, 0, made.err);
    const token = made.out.trim();
    assert.match(made.err, /riverctl node join --server https:\/\/127\.0\.0\.1:\d+ --name gpu-1 --token-file -/);
    const secret = token.split('.')[1] ?? '';
    assert.ok(!(await used.api.get('/api/v1/secrets')).text.includes(Buffer.from(secret).toString('base64')));
    const joined = await ctlOk(
      used.server,
      ['node', 'join', '--server', used.server.url, '--token-file', '-', '--name', 'gpu-1', '--dir', dirOf('gpu-1')],
      { input: token },
    );
    assert.match(joined, /node gpu-1 has joined/);
    for (const file of readdirSync(dirOf('gpu-1'))) assert.equal(statSync(join(dirOf('gpu-1'), file)).mode & 0o777, 0o600, file);
    assert.deepEqual(readdirSync(dirOf('gpu-1')).sort(), ['ca.crt', 'client.crt', 'client.key', 'kubeconfig']);
    const as = ['--kubeconfig', join(dirOf('gpu-1'), 'kubeconfig')];
    assert.match(await kubectlOk(used.server, [...as, 'auth', 'whoami']), /system:node:gpu-1[\s\S]*system:nodes/);
    const { validToDate, validFromDate } = new X509Certificate(readFileSync(join(dirOf('gpu-1'), 'client.crt')));
    const days = (validToDate.getTime() - validFromDate.getTime()) / 86_400_000;
    assert.ok(days > 29.9 && days < 30.1, `${days}`);
    assert.match(await ctlOk(used.server, ['node', 'list']), /gpu-1 +Absent +20\d\d-/);
    assert.match(await ctlOk(used.server, ['node', 'join-token', 'list']), /gpu-1 +127\.0\.0\.0\/8 +auto +join-/);
    assert.ok(!used.server.log().includes(secret));
    const again = await ctlOk(used.server, ['node', 'join', '--server', used.server.url, '--name', 'gpu-1', '--dir', dirOf('gpu-1')], {
      env: { RIVER_JOIN_TOKEN: token },
    });
    assert.match(again, /gpu-1 has joined/);
  });

  it('waits until it is approved, and whoever approves sees what it claims to be', async () => {
    const { out } = await ctl(used.server, ['node', 'join-token', '--no-auto-approve']);
    const joining = ctl(
      used.server,
      ['node', 'join', '--server', used.server.url, '--name', 'gpu-2', '--dir', dirOf('gpu-2'), '--token-file', '-'],
      { input: out },
    );
    const list = async () => (await ctl(used.server, ['node', 'list'])).out;
    await eventually('it waits', list, (seen) => /gpu-2 +Absent +- +join-/.test(seen));
    assert.equal((await ctl(used.server, ['node', 'approve', 'gpu-2'])).code, 2);
    const shown = await ctlOk(used.server, ['node', 'approve', 'gpu-2', '--yes']);
    assert.match(
      shown,
      /asks to be node gpu-2\nasked by system:bootstrap:[a-z0-9]{10} from 127\.0\.0\.1\nThe machine says of itself:\n +hostname: \S+[\s\S]*cpus: \d+[\s\S]*approved/,
    );
    const { code, err } = await joining;
    assert.equal(code, 0, err);
    assert.match(err, /waiting to be approved: riverctl node approve join-/);
  });

  it('is told when it was denied, and why', async () => {
    const { out } = await ctl(used.server, ['node', 'join-token', '--no-auto-approve']);
    const joining = ctl(
      used.server,
      ['node', 'join', '--server', used.server.url, '--name', 'evil', '--dir', dirOf('evil'), '--token-file', '-'],
      { input: out },
    );
    await eventually('it is denied', () => ctlOk(used.server, ['node', 'deny', 'evil', '--yes', '--message', 'not ours']));
    const { code, err } = await joining;
    assert.equal(code, 1);
    assert.match(err, /was denied \(NodeDeny: not ours\)/);
  });

  it('is let in with kubectl certificate approve as well', async () => {
    const token = await makeToken(used.server, used.api, { approval: 'manual' });
    const joining = joinHere(used.server, token.whole, 'gpu-3', dirOf('gpu-3'));
    const name = await eventually(
      'it waits',
      async () => (await used.api.read(requests)) as unknown as { items: { metadata: { name: string } }[] },
      ({ items }) => items.some(({ metadata }) => metadata.name.startsWith(`join-${token.id}`)),
    ).then(({ items }) => items.find(({ metadata }) => metadata.name.startsWith(`join-${token.id}`))?.metadata.name ?? '');
    await kubectlOk(used.server, ['certificate', 'approve', name]);
    assert.equal((await joining).node, 'gpu-3');
  });

  it('says nothing to a server of another authority, not even its token', async () => {
    const stranger = await makeAuthority(new Date());
    const heard: string[] = [];
    const man = createServer({ cert: stranger.certificate, key: stranger.key }, (request, response) => {
      heard.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no token'}`);
      response.end(stranger.certificate);
    });
    man.listen(0, '127.0.0.1');
    await once(man, 'listening');
    const url = `https://127.0.0.1:${(man.address() as AddressInfo).port}`;
    const token = await makeToken(used.server, used.api);
    const refused = await ctl(
      used.server,
      ['node', 'join', '--server', url, '--name', 'gpu-9', '--dir', dirOf('gpu-9'), '--token-file', '-'],
      { input: token.whole },
    );
    assert.equal(refused.code, 1);
    assert.match(refused.err, /another authority than the one in the token/);
    assert.deepEqual(heard, ['GET /ca.crt no token']);
    // The right certificate, from who does not have its key: the second connection fails before anything is said.
    man.removeAllListeners('request');
    man.on('request', (request, response) => {
      heard.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no token'}`);
      response.end(used.server.ca);
    });
    const again = await ctl(
      used.server,
      ['node', 'join', '--server', url, '--name', 'gpu-9', '--dir', dirOf('gpu-9'), '--token-file', '-'],
      { input: token.whole },
    );
    assert.equal(again.code, 7, again.err);
    assert.deepEqual(heard.slice(1), ['GET /ca.crt no token']);
    man.close();
  });

  it('that is killed at any point joins when it tries again, and so does a renewal', async () => {
    const fixture = fileURLToPath(new URL('./join-killed.fixture.ts', import.meta.url));
    const run = async (what: string, killAt: number, token: string, node: string) => {
      const given = { what, killAt, server: used.server.url, token, node, dir: dirOf(node) };
      const child = spawn(process.execPath, [fixture, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'pipe'] });
      const [out, err, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      assert.ok(code === 0 || signal === 'SIGKILL', err);
      assert.ok(code !== 0 || Number(out) >= 0, out);
      return code === 0;
    };
    const token = () => makeToken(used.server, used.api).then(({ whole }) => whole);
    await run('join', 0, await token(), 'killed');
    for (let killAt = 1; ; killAt++) {
      const [node, whole] = [`killed-${killAt}`, await token()];
      if (await run('join', killAt, whole, node)) break;
      assert.ok(await run('join', 0, whole, node));
      assert.equal(identityFolder(dirOf(node)).read()?.node, node);
      assert.deepEqual(
        readdirSync(dirOf(node)).filter((file) => !/^(ca\.crt|client\.crt|client\.key|kubeconfig)$/.test(file) && !file.endsWith('.new')),
        [],
      );
    }
    for (let killAt = 1; killAt < 12; killAt++) {
      const node = `killed-${killAt}`;
      if (!existsSync(dirOf(node))) await joinHere(used.server, await token(), node, dirOf(node));
      const before = identityFolder(dirOf(node)).read()?.access.clientCertificate;
      await run('renew', killAt, await token(), node);
      assert.ok(await run('renew', 0, await token(), node));
      const after = identityFolder(dirOf(node)).read()?.access.clientCertificate;
      assert.notEqual(after?.key, before?.key);
      assert.equal(readFileSync(join(dirOf(node), 'client.key'), 'utf8'), after?.key);
      assert.ok(!existsSync(join(dirOf(node), 'next.key')));
    }
  });

  it('renews its certificate after two thirds of its life with a key of its own', async () => {
    const token = await makeToken(used.server, used.api);
    const first = await joinHere(used.server, token.whole, 'kept', dirOf('kept'));
    const end = new AbortController();
    const renewed = Promise.withResolvers<typeof first>();
    const later = { ...systemClock, wallMs: () => systemClock.wallMs() + 21 * 86_400_000 };
    const onRenewed = (identity: typeof first) => {
      end.abort();
      renewed.resolve(identity);
    };
    const keeping = keepCertificate({
      dir: dirOf('kept'),
      clock: later,
      random: () => 0.5,
      log: silentLogger,
      signal: end.signal,
      timeoutMs: 10_000,
      onRenewed,
    });
    const second = await within('it is renewed', Promise.race([renewed.promise, keeping.then(() => renewed.promise)]));
    await keeping;
    assert.notEqual(second.access.clientCertificate.key, first.access.clientCertificate.key);
    const client = apiClient(second.access);
    const who = await client.json<{ status: { userInfo: { username: string } } }>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    client.close();
    assert.equal(who.status.userInfo.username, 'system:node:kept');
    assert.match(await ctlOk(used.server, ['node', 'renew', '--dir', dirOf('kept')]), /need not renew yet/);
    assert.match(await ctlOk(used.server, ['node', 'renew', '--dir', dirOf('kept'), '--force']), /has renewed/);
  });

  it('may not ask for the certificate of another, nor for another signer, nor without end', async () => {
    const token = await makeToken(used.server, used.api);
    const { access } = await joinHere(used.server, token.whole, 'node-a', dirOf('node-a'));
    const as = ['--kubeconfig', join(dirOf('node-a'), 'kubeconfig')];
    const create = (object: unknown) => kubectl(used.server, [...as, 'create', '-f', '-'], { input: JSON.stringify(object) });
    const key = newKey();
    for (const [object, says] of [
      [requestFor(`node-node-a-${keyHash(key)}`, 'node-b', key), /system:node:node-a may not ask for a certificate of system:node:node-b/],
      [requestFor(`node-node-b-${keyHash(key)}`, 'node-a', key), /calls its requests node-node-a-/],
      [requestFor(`node-node-a-${keyHash(key)}`, 'node-a', key, ['system:masters']), /only organization/],
      [
        { ...requestFor('x', 'node-a'), spec: { ...requestFor('x', 'node-a').spec, signerName: 'example.com/x' } },
        /a node asks the signer river.dev\/node-client only/,
      ],
    ] as const) {
      const { code, stderr } = await create(object);
      assert.notEqual(code, 0);
      assert.match(stderr, says);
    }
    const client = apiClient(access);
    const renew = () => {
      const key = newKey();
      return client.json({
        method: 'POST',
        path: requests,
        body: requestFor(`node-node-a-${keyHash(key)}`, 'node-a', key),
        timeoutMs: 2_000,
      });
    };
    for (let count = 0; count < 10; count++) await renew();
    await assert.rejects(renew(), /10 requests within the hour/);
    client.close();
  });
});

onEachStore('a join token', (test) => {
  const post = (api: { call: (method: string, path: string, call: object) => Promise<Answer> }, token: string, object: unknown) =>
    api.call('POST', requests, { body: object, token });

  test('lets one of twenty join that show it at the same time', async ({ server, api, id: room }) => {
    const token = await makeToken(server, api);
    const asked = Array.from({ length: 20 }, (_, at) => named(token.id, `${room}-${at}`));
    const answers = await Promise.all(asked.map((object) => post(api, token.bearer, object)));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, ...Array.from({ length: 19 }, () => 403)]);
    for (const { status, json } of answers) if (status === 403) assert.match(json.message, /has been used already, for the request join-/);
    const { items } = (await api.read(requests)) as unknown as { items: { metadata: { name: string } }[] };
    assert.equal(items.filter(({ metadata }) => metadata.name.startsWith(`join-${token.id}-`)).length, 1);
  });

  test('once used fetches its own certificate and does nothing else', async ({ server, api, id: room }) => {
    const token = await makeToken(server, api);
    const mine = named(token.id, `${room}-used`);
    assert.equal((await post(api, token.bearer, mine)).status, 201);
    const own = await eventually(
      'it is issued',
      () => api.get(`${requests}/${mine.metadata.name}`, { token: token.bearer }),
      ({ json }) => Boolean(json.status?.certificate),
    );
    assert.equal(own.status, 200);
    const replayed = await post(api, token.bearer, named(token.id, `${room}-more`));
    assert.deepEqual([replayed.status, /has been used already/.test(replayed.json.message)], [403, true]);
    for (const path of [requests, `${requests}/other`, '/api', '/api/v1/namespaces', '/apis/river.dev/v1/nodes', '/metrics'])
      assert.equal((await api.get(path, { token: token.bearer })).status, 403, path);
    await api.remove(`${requests}/${mine.metadata.name}`);
    assert.equal((await api.get(`${requests}/${mine.metadata.name}`, { token: token.bearer })).status, 401);
  });

  test('is worth nothing when it is over, wrong, or shown from elsewhere', async ({ server, api, id: room }) => {
    const past = new Date(Date.now() - 1000).toISOString();
    const far = await makeToken(server, api, { addresses: '10.0.0.0/8,2001:db8::/32' });
    const over = await makeToken(server, api, { expiration: past });
    const good = await makeToken(server, api, { addresses: '10.0.0.0/8,127.0.0.1' });
    const wrong = `${good.bearer.slice(0, -1)}${good.bearer.endsWith('A') ? 'B' : 'A'}`;
    for (const [what, bearer] of Object.entries({
      far: far.bearer,
      over: over.bearer,
      wrong,
      unknown: `aaaaaaaaaa.${good.bearer.slice(11)}`,
    }))
      assert.equal((await post(api, bearer, named('x', room))).status, 401, what);
    assert.equal((await post(api, good.bearer, named(good.id, `${room}-good`))).status, 201);
  });

  test('for one node lets no other join', async ({ server, api, id: room }) => {
    const token = await makeToken(server, api, { node: `${room}-a` });
    const other = await post(api, token.bearer, named(token.id, `${room}-b`));
    assert.deepEqual([other.status, /for the node .*-a only/.test(other.json.message)], [403, true]);
    assert.equal((await post(api, token.bearer, requestFor('any-name', `${room}-a`))).status, 403);
    const masters = named(token.id, `${room}-a`);
    masters.spec.request = requestFor('x', `${room}-a`, newKey(), ['system:masters']).spec.request;
    assert.equal((await post(api, token.bearer, masters)).status, 422);
    assert.equal((await post(api, token.bearer, named(token.id, `${room}-a`))).status, 201);
  });

  test('does not take over a node that is there: a person decides', async ({ server, api, id: room }) => {
    const conditions = async (node: string) => {
      const token = await makeToken(server, api);
      const { json } = await post(api, token.bearer, named(token.id, node));
      return (json.status?.conditions ?? []).map(({ type }: { type: string }) => type);
    };
    await api.create('/apis/river.dev/v1/nodes', {
      apiVersion: 'river.dev/v1',
      kind: 'Node',
      metadata: { name: `${room}-there` },
      spec: {},
    });
    assert.deepEqual(await conditions(`${room}-there`), []);
    assert.deepEqual(await conditions(`${room}-new`), ['Approved']);
    assert.deepEqual(await conditions(`${room}-new`), []);
  });
});

describe('a server without the key of its authority', () => {
  it('signs nothing, and says so', async () => {
    const server = await startServer({ store: 'memory', signsNothing: true });
    try {
      const api = apiOf(server);
      const token = await makeToken(server, api);
      const mine = named(token.id, 'unsigned');
      assert.equal((await api.call('POST', requests, { body: mine, token: token.bearer })).status, 201);
      await eventually('it says so', () => server.log().includes('start it with --client-ca-key'));
      assert.equal((await api.get(`${requests}/${mine.metadata.name}`)).json.status.certificate, undefined);
      api.close();
    } finally {
      await server.stop();
    }
  });
});
