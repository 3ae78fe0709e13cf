import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ensureFrontDoorCertificates, makeClientCertificate } from '@river/runtime';
import { type AuditLine, auditFiles, auditLines, outcomes, riverctl } from './audit-lines.ts';
import { eventually, within } from './eventually.ts';
import { apiOf, applyType, jsonPatchType, mergeType } from './http.ts';
import { kubectl } from './kubectl.ts';
import { end, freshAddress, startLoad } from './load.ts';
import { startServer } from './start-server.ts';
import { useServer } from './use-server.ts';

const root = mkdtempSync(join(tmpdir(), 'river-audit-'));
process.once('exit', () => rmSync(root, { recursive: true, force: true }));
const folder = (name: string) => join(root, name);
const maps = '/api/v1/namespaces/default/configmaps';
const secrets = '/api/v1/namespaces/default/secrets';
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });
const secret = (name: string, value: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { a: value } });

/** The line of the request with this name in its address or body, once it is over and written. */
const lineOf = (dir: string, isIt: (line: AuditLine) => boolean): Promise<AuditLine> =>
  eventually(
    'the line is there, and what was answered',
    () => {
      const lines = auditLines(dir);
      const line = lines.findLast((each) => each.event === 'request' && each.stage !== 'answered' && isIt(each));
      if (!line)
        throw new Error(
          `not among:\n${lines
            .slice(-20)
            .map((each) => JSON.stringify(each))
            .join('\n')}`,
        );
      if (line.stage !== 'received') return line;
      const answered = outcomes(lines).get(line.id);
      return answered && { ...line, ...answered, stage: 'answered' };
    },
    Boolean,
  ) as Promise<AuditLine>; // eventually gives back only what is there

describe('the audit log', () => {
  const dir = folder('who');
  const front = folder('front');
  const used = useServer(() => ({
    store: 'memory',
    hasPolicies: true,
    users: { bob: { groups: ['team'] } },
    flags: { 'audit-dir': dir, 'requestheader-client-ca': join(front, 'front-ca.crt') },
  }));
  const made = ensureFrontDoorCertificates({ dir: front, now: new Date() });

  it('says who wrote what, from where, and what came of it', async () => {
    await made;
    const { api } = used;
    const object = await api.create(`${maps}?fieldManager=e2e&token=hidden-in-the-query`, configMap('one'));
    const line = await lineOf(dir, ({ body }) => body?.metadata?.name === 'one');
    assert.deepEqual(line.user, { name: 'admin', groups: ['system:masters', 'system:authenticated'], how: 'admin token' });
    assert.equal(line.from.address, '127.0.0.1');
    assert.deepEqual(
      [line.verb, line.version, line.resource, line.namespace, line.path, line.decision],
      ['create', 'v1', 'configmaps', 'default', `${maps}?fieldManager=e2e`, 'allowed'],
    );
    assert.deepEqual(line.body.data, { a: 'b' });
    assert.deepEqual(
      [line.code, line.object.resourceVersion, line.object.uid],
      [201, object.metadata.resourceVersion, object.metadata.uid],
    );
    assert.ok(line.latencyMs > 0);
    assert.doesNotMatch(readFileSync(auditFiles(dir)[0] ?? '', 'utf8'), /hidden-in-the-query/);
  });

  it('tells of every kind of write, of dry runs, and of the names that were made up', async () => {
    const { api } = used;
    const named = await api.create(maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } });
    assert.equal((await lineOf(dir, ({ body }) => body?.metadata?.generateName === 'made-')).object.name, named.metadata.name);
    await api.merge(`${maps}/one`, { data: { a: 'c' } });
    assert.deepEqual((await lineOf(dir, ({ verb }) => verb === 'patch')).body, { data: { a: 'c' } });
    await api.replace(`${maps}/one?dryRun=All`, configMap('one'));
    assert.equal((await lineOf(dir, ({ verb }) => verb === 'update')).dryRun, true);
    await api.remove(`${maps}/one`, { propagationPolicy: 'Background' });
    assert.deepEqual((await lineOf(dir, ({ verb }) => verb === 'delete')).body, { propagationPolicy: 'Background' });
    await api.remove(`${maps}?labelSelector=none%3Dsuch`);
    assert.equal((await lineOf(dir, ({ verb }) => verb === 'deletecollection')).path, `${maps}?labelSelector=none%3Dsuch`);
    const scale = '/apis/river.dev/v1/namespaces/default/tasksets/none/scale';
    await api.call('PATCH', scale, { body: { spec: { replicas: 2 } }, type: mergeType });
    assert.deepEqual((await lineOf(dir, ({ subresource }) => subresource === 'scale')).body, { spec: { replicas: 2 } });
    await api.call('POST', maps, { body: '{"cut' });
    const bad = await lineOf(dir, ({ code }) => code === 400);
    assert.deepEqual([bad.stage, bad.body, bad.reason], ['whole', undefined, 'BadRequest']);
    assert.equal((await api.call('POST', maps, { body: configMap('two') })).status, 201);
    assert.equal((await api.call('POST', maps, { body: configMap('two') })).status, 409);
    const taken = await lineOf(dir, ({ body }) => body?.metadata?.name === 'two');
    assert.deepEqual([taken.code, taken.reason], [409, 'AlreadyExists']);
  });

  it('tells whom somebody acted as, and who it was', async () => {
    const { api } = used;
    const headers = { 'Impersonate-User': 'ada', 'Impersonate-Group': 'system:masters' };
    assert.equal((await api.call('POST', maps, { body: configMap('as-ada'), headers })).status, 201);
    const line = await lineOf(dir, ({ body }) => body?.metadata?.name === 'as-ada');
    assert.deepEqual([line.user.name, line.impersonator.name, line.impersonator.how], ['ada', 'admin', 'admin token']);
    assert.equal((await api.get(maps, { token: 'bob', headers })).status, 403);
    const refused = await lineOf(dir, ({ decision }) => decision === 'refused');
    assert.equal(refused.user.name, 'bob');
    assert.match(refused.why, /cannot impersonate/);
  });

  it('tells of certificates, of accounts by the number of their token, and of front doors', async () => {
    const { api, server } = used;
    const pki = (name: string) => readFileSync(join(server.dir, 'pki', name), 'utf8');
    const post = (pair: { certificate: string; key: string }, name: string, headers: Record<string, string> = {}) =>
      new Promise<void>((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port: server.port,
          ca: server.ca,
          cert: pair.certificate,
          key: pair.key,
          path: maps,
          method: 'POST',
        };
        const sent = request(
          { ...options, agent: false, servername: 'localhost', headers: { 'User-Agent': 'e2e/1', ...headers } },
          (got) => {
            got.resume();
            got.on('end', resolve);
          },
        );
        sent.on('error', reject);
        sent.end(JSON.stringify(configMap(name)));
      });
    const clients = { certificate: pki('ca.crt'), key: pki('ca.key') };
    await post(await makeClientCertificate(clients, { username: 'carol', groups: ['system:masters'] }, new Date()), 'of-carol');
    const carol = await lineOf(dir, ({ body }) => body?.metadata?.name === 'of-carol');
    assert.deepEqual([carol.user.name, carol.user.how, carol.from.agent, carol.code], ['carol', 'certificate', 'e2e/1', 201]);

    const door = {
      certificate: readFileSync(join(front, 'front-proxy.crt'), 'utf8'),
      key: readFileSync(join(front, 'front-proxy.key'), 'utf8'),
    };
    await post(door, 'of-dan', { 'X-Remote-User': 'dan', 'X-Remote-Group': 'system:masters', 'X-Forwarded-For': '192.0.2.7' });
    const dan = await lineOf(dir, ({ body }) => body?.metadata?.name === 'of-dan');
    assert.deepEqual(
      [dan.user.name, dan.user.how, dan.frontDoor, dan.from.forwardedFor],
      ['dan', 'front door', 'front-proxy', '192.0.2.7'],
    );

    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await api.create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } });
    const { status } = (await api.call('POST', `${accounts}/robot/token`, { body: {} })).json;
    await api.call('POST', maps, { body: configMap('of-robot'), token: status.token });
    const robot = await lineOf(dir, ({ user }) => user?.name === 'system:serviceaccount:default:robot');
    assert.deepEqual([robot.user.how, robot.code], ['account token', 403]);
    assert.match(robot.user.credential, /^JTI=/);
    assert.ok(!auditFiles(dir).some((file) => readFileSync(file, 'utf8').includes(status.token)));
    assert.equal((await lineOf(dir, ({ subresource }) => subresource === 'token')).verb, 'create');
  });

  it('tells of who was refused, and of reads of Secrets, but not of other reads', async () => {
    const { api } = used;
    assert.equal((await api.get(`${maps}/nobody`, { token: 'a-wrong-token' })).status, 401);
    const stranger = await lineOf(dir, ({ code }) => code === 401);
    assert.deepEqual([stranger.user, stranger.verb, stranger.name, stranger.reason], [undefined, 'get', 'nobody', 'Unauthorized']);
    assert.equal((await api.get(secrets, { token: 'bob' })).status, 403);
    const bob = await lineOf(dir, ({ user, resource }) => user?.name === 'bob' && resource === 'secrets');
    assert.deepEqual([bob.verb, bob.resource, bob.decision], ['list', 'secrets', 'refused']);
    assert.match(bob.why, /cannot list/);
    await api.create(secrets, secret('read', 'x'));
    await api.get(`${secrets}/read`);
    assert.deepEqual((await lineOf(dir, ({ verb }) => verb === 'get')).name, 'read');
    const watch = api.watch(`${secrets}?watch=1&timeoutSeconds=1`);
    await watch.ended;
    assert.equal((await lineOf(dir, ({ verb }) => verb === 'watch')).code, 200);
    await api.get('/backup');
    assert.equal((await lineOf(dir, ({ path }) => path === '/backup')).code, 200);
    await api.get(`${maps}/two`);
    await api.create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: { nonResourceAttributes: { path: '/x', verb: 'get' } },
    });
    await api.create(maps, configMap('after-the-reads'));
    await lineOf(dir, ({ body }) => body?.metadata?.name === 'after-the-reads');
    assert.ok(!auditLines(dir).some(({ resource }) => resource === 'selfsubjectaccessreviews'));
    assert.ok(
      !auditLines(dir).some(({ decision, resource, verb }) => decision === 'allowed' && resource === 'configmaps' && verb === 'get'),
    );
  });

  it('never holds what is secret', async () => {
    const { api, server } = used;
    const planted = `planted${randomBytes(12).toString('hex')}`;
    const base64 = Buffer.from(planted).toString('base64');
    const at = `${secrets}/planted`;
    assert.equal((await kubectl(server, ['apply', '-f', '-'], { input: JSON.stringify(secret('applied', planted)) })).code, 0);
    await api.create(secrets, secret('planted', planted));
    await api.merge(at, { stringData: { b: planted } });
    await api.call('PATCH', at, { body: [{ op: 'add', path: '/data/c', value: base64 }], type: jsonPatchType });
    await api.call('PATCH', `${at}?fieldManager=f&force=true`, { body: secret('planted', planted), type: applyType });
    await api.replace(at, { ...(await api.read(at)), data: { a: base64 } });
    await api.call('POST', maps, { body: secret('wrong-kind', planted) });
    await api.call('POST', secrets, { body: { ...secret('misspelt', planted), Data: { a: planted } } });
    await api.call('POST', secrets, { body: secret('x'.repeat(300), planted) });
    await api.call('POST', secrets, { body: `{"stringData":{"a":"${planted}` });
    await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token: planted } } });
    await api.get(`${secrets}?token=${planted}`, { token: planted });
    await api.create(maps, configMap('after-the-secrets'));
    await lineOf(dir, ({ body }) => body?.metadata?.name === 'after-the-secrets');
    const text = auditFiles(dir)
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
    assert.ok(text.includes('"name":"planted"') && text.includes('[redacted]'));
    for (const form of [planted, base64, server.token]) assert.equal(text.includes(form), false, form);
  });

  it('counts a flood of strangers instead of telling of each', async () => {
    const { api } = used;
    const before = auditLines(dir).length;
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 100 }, () => api.get('/version', { token: 'flood' })));
    const isCounted = ({ event, sources }: AuditLine) => event === 'left-out' && sources?.['127.0.0.1'] > 0;
    await eventually('what was left out is counted', () => auditLines(dir).some(isCounted));
    const news = auditLines(dir).slice(before);
    const told = news.filter(({ code }) => code === 401).length;
    const counted = () =>
      auditLines(dir)
        .slice(before)
        .filter(isCounted)
        .reduce((sum, { count }) => sum + count, 0);
    assert.ok(told < 200, `${told} lines`);
    await eventually(
      'every one is told of or counted',
      () =>
        auditLines(dir)
          .slice(before)
          .filter(({ code }) => code === 401).length + counted(),
      (sum) => sum === 1_000,
    );
  });

  it('is whole, for its owner only, and says its head to those who may see it', async () => {
    const { api } = used;
    const { json } = await api.get('/audit-head');
    assert.equal(json.problem, null);
    assert.match((await api.get('/metrics')).text, /river_audit_seq \d+/);
    assert.equal((await api.get('/audit-head', { token: 'bob' })).status, 403);
    const good = await riverctl(['audit', 'verify', dir, '--after', `${json.seq}:${json.hash}`]);
    assert.deepEqual([good.code, good.stderr], [0, '']);
    assert.match(good.stdout, /whole and in order: 1 to \d+/);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    for (const name of readdirSync(dir)) assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
  });

  it('can be searched', async () => {
    const { stdout } = await riverctl(['audit', 'search', dir, '--user', 'ada']);
    assert.match(stdout, /^\S+Z {2}201 {2}ada \(by admin\) {2}127\.0\.0\.1 {2}create {2}configmaps {2}default\/as-ada\n$/);
    const json = await riverctl(['audit', 'search', dir, '--resource', 'secrets', '--name', 'planted', '--verb', 'create', '--json']);
    assert.equal(JSON.parse(json.stdout).code, 201);
    assert.equal((await riverctl(['audit', 'search', dir, '--code', '42'])).code, 2);
    assert.equal((await riverctl(['audit', 'verify', join(dir, 'none')])).code, 2);
  });

  it('is found out when it is tampered with', async () => {
    const { api, server } = used;
    const { json: noted } = await api.get('/audit-head');
    await server.kill9();
    const copy = folder('tampered');
    const [first = ''] = auditFiles(dir);
    const lines = readFileSync(first, 'utf8').trimEnd().split('\n');
    const verify = async (changed: readonly string[]) => {
      rmSync(copy, { recursive: true, force: true });
      execFileSync('cp', ['-r', dir, copy]);
      const [file = ''] = auditFiles(copy);
      writeFileSync(file, changed.map((line) => `${line}\n`).join(''));
      const { code, stderr } = await riverctl(['audit', 'verify', copy, '--after', `${noted.seq}:${noted.hash}`]);
      return [
        code,
        stderr
          .replace(copy, '')
          .replace(/^riverctl: \/audit-\d+\.jsonl:/, '')
          .replace(/^(\d+: \w+): [\s\S]*$/, '$1'),
      ];
    };
    assert.deepEqual((await verify(lines))[0], 0);
    assert.deepEqual(await verify(lines.with(9, (lines[9] ?? '').replace('"time":"2', '"time":"3'))), [1, '10: changed']);
    assert.deepEqual(await verify(lines.toSpliced(9, 1)), [1, '10: missing']);
    assert.deepEqual(await verify(lines.with(9, lines[10] ?? '').with(10, lines[9] ?? '')), [1, '10: reordered']);
    assert.deepEqual(await verify(lines.slice(0, noted.seq - 5)), [1, `${noted.seq - 5}: cut`]);
  });
});

describe('an audit log of reads', () => {
  const dir = folder('reads');
  const used = useServer({ store: 'memory', flags: { 'audit-dir': dir, 'audit-reads': true } });

  it('tells of all of them, and of questions, without a token that one is about', async () => {
    const { api } = used;
    await api.get(`${maps}?limit=5`);
    const list = await lineOf(dir, ({ verb }) => verb === 'list');
    assert.deepEqual([list.stage, list.resource, list.path, list.code], ['whole', 'configmaps', `${maps}?limit=5`, 200]);
    await api.get('/version');
    assert.equal((await lineOf(dir, ({ path }) => path === '/version')).user.name, 'admin');
    await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token: 'asked-about' } } });
    assert.equal((await lineOf(dir, ({ resource }) => resource === 'tokenreviews')).body, undefined);
    assert.doesNotMatch(
      auditFiles(dir)
        .map((file) => readFileSync(file, 'utf8'))
        .join(''),
      /asked-about/,
    );
  });
});

describe('an audit log whose server is killed', () => {
  it('is gone on with, and has a line for every write that was acknowledged', async (context) => {
    const dir = folder('killed');
    const server = await startServer({ store: 'sqlite', flags: { 'audit-dir': dir, 'audit-keep': '64' } });
    const api = apiOf(server);
    context.after(async () => {
      api.close();
      await server.stop();
    });
    const address = await freshAddress(api);
    let restarted = Promise.resolve();
    const load = startLoad({ api: () => api, address, writers: 32, recovered: () => restarted });
    context.after(() => end(load, []));
    for (let round = 0; round < 4; round++) {
      const target = load.acknowledged.length + 300;
      await eventually(
        'writes are acknowledged',
        () => load.acknowledged.length,
        (count) => count >= target,
        60_000,
      );
      const { promise, resolve } = Promise.withResolvers<void>();
      restarted = promise;
      await server.kill9();
      // As a kill in the middle of a write leaves it, or a power cut.
      const last = auditFiles(dir).at(-1) ?? '';
      if (round === 2) truncateSync(last, statSync(last).size - 7);
      await server.restart();
      resolve();
    }
    await load.stop();
    const { stdout, stderr, code } = await riverctl(['audit', 'verify', dir]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /whole and in order/);
    const lines = auditLines(dir);
    assert.equal(lines.filter(({ event }) => event === 'started').length, 5);
    assert.ok(lines.some(({ event }) => event === 'torn'));
    const received = new Set(
      lines
        .filter(({ stage }) => stage === 'received')
        .map(({ verb, name, body }) => `${verb} ${name ?? body?.metadata?.name} ${body?.data?.value ?? ''}`),
    );
    const verbs = { put: ['create', 'patch'], delete: ['delete'] };
    const missing = load.acknowledged.filter(
      ({ name, type, value = '' }) => !verbs[type].some((verb) => received.has(`${verb} ${name} ${value}`)),
    );
    assert.ok(load.acknowledged.length > 1_000);
    assert.ok(missing.length <= 1, `beside the line that was torn on purpose: ${JSON.stringify(missing)}`);
    const revisions = new Set([...outcomes(lines).values()].map(({ object }) => object?.resourceVersion));
    const untold = load.acknowledged.filter(({ revision }) => revision !== undefined && !revisions.has(revision));
    assert.ok(untold.length <= 4 * 33, `${untold.length} outcomes are missing of ${load.acknowledged.length}`);
  });
});

/** A file system of its own, that can be filled and frozen. Only root may mount one: CI is, and so are most containers. */
function ownDisk(name: string, mb: number): { dir: string; freeBytes(): number; freeze(): void; thaw(): void; unmount(): void } {
  const image = folder(`${name}.img`);
  const dir = mkdtempSync(folder(name));
  writeFileSync(image, '');
  truncateSync(image, mb * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
  execFileSync('mount', ['-o', 'loop', image, dir]);
  return {
    dir,
    freeBytes: () => statfsSync(dir).bavail * statfsSync(dir).bsize,
    freeze: () => execFileSync('fsfreeze', ['-f', dir]),
    thaw: () => execFileSync('fsfreeze', ['-u', dir]),
    unmount: () => execFileSync('umount', ['-l', dir]),
  };
}

describe('an audit log on a disk', () => {
  it('that is full has writes and reads of Secrets refused and undone, and nothing else', async (context) => {
    const disk = ownDisk('full', 16);
    const dir = join(disk.dir, 'audit');
    const server = await startServer({ store: 'sqlite', flags: { 'audit-dir': dir } });
    const api = apiOf(server);
    context.after(async () => {
      api.close();
      await server.stop();
      disk.unmount();
    });
    await api.create(secrets, secret('here', 'x'));
    const ballast = join(disk.dir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(Math.max(0, disk.freeBytes() - 64 * 1024)));
    const acknowledged = new Set<string>();
    const refused = new Set<string>();
    for (let n = 0; refused.size < 20; n++) {
      assert.ok(n < 500, 'the disk is never full');
      const name = `f-${n}`;
      const { status, json } = await api.call('POST', maps, { body: { ...configMap(name), data: { a: 'x'.repeat(4_000) } } });
      if (status === 201) acknowledged.add(name);
      else {
        assert.equal(status, 503);
        assert.match(json.message, /audit log cannot be written \(its disk is full\)/);
        refused.add(name);
      }
    }
    const names = async () => new Set((await api.get(maps)).json.items.map((item: { metadata: { name: string } }) => item.metadata.name));
    const isRight = (seen: Set<unknown>) =>
      [...acknowledged].every((name) => seen.has(name)) && ![...refused].some((name) => seen.has(name));
    assert.ok(isRight(await names()), 'nothing was done that was refused');
    assert.equal((await api.get(`${secrets}/here`)).status, 503);
    assert.equal((await api.get('/version', { token: 'wrong' })).status, 401);
    assert.match((await api.get('/audit-head')).json.problem, /full/);
    rmSync(ballast);
    await eventually(
      'it writes again',
      async () => (await api.call('POST', maps, { body: configMap(`again-${acknowledged.size}`) })).status,
      (status) => status === 201,
    );
    await eventually('what was left out is counted', () => auditLines(dir).some(({ event, count }) => event === 'left-out' && count >= 19));
    const { code, stderr } = await riverctl(['audit', 'verify', dir]);
    assert.equal(code, 0, stderr);
    const told = new Set(auditLines(dir).map(({ body }) => body?.metadata?.name));
    assert.deepEqual(
      [...acknowledged].filter((name) => !told.has(name)),
      [],
    );
  });

  it('that hangs has writes wait, then refused; reads go on, and no line is lost', async (context) => {
    const disk = ownDisk('frozen', 16);
    const dir = join(disk.dir, 'audit');
    const server = await startServer({ store: 'sqlite', flags: { 'audit-dir': dir } });
    const api = apiOf(server);
    let isFrozen = false;
    context.after(async () => {
      if (isFrozen) disk.thaw();
      api.close();
      await server.stop();
      disk.unmount();
    });
    await api.create(maps, configMap('before'));
    disk.freeze();
    isFrozen = true;
    const waiting = Promise.all([0, 1, 2].map((n) => api.call('POST', maps, { body: configMap(`slow-${n}`) })));
    let isOver = false;
    void waiting.then(() => {
      isOver = true;
    });
    for (let n = 0; n < 20; n++) {
      const { status } = await within('a read is answered', api.get(`${maps}/before`), () => '', 2_000);
      assert.equal(status, 200);
    }
    assert.equal(isOver, false, 'the writes wait');
    disk.thaw();
    isFrozen = false;
    assert.deepEqual(
      (await waiting).map(({ status }) => status),
      [201, 201, 201],
    );

    disk.freeze();
    isFrozen = true;
    const { status, json } = await api.call('POST', maps, { body: configMap('too-slow') });
    assert.equal(status, 503);
    assert.match(json.message, /has not ended for 10 s/);
    assert.equal((await api.call('POST', maps, { body: configMap('too-slow') })).status, 503, 'at once from then on');
    assert.equal((await api.get(`${maps}/too-slow`)).status, 404);
    disk.thaw();
    isFrozen = false;
    await eventually(
      'it writes again',
      async () => (await api.call('POST', maps, { body: configMap('after') })).status,
      (code) => code === 201,
    );
    const line = await lineOf(dir, ({ body }) => body?.metadata?.name === 'too-slow');
    assert.equal(line.code, 503);
    assert.equal((await riverctl(['audit', 'verify', dir])).code, 0);
  });
});
