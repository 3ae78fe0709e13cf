import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Api, apiOf } from './http.ts';
import { kubectl } from './kubectl.ts';
import { type RunningServer, startServer } from './start-server.ts';

const riverctl = fileURLToPath(new URL('../../cli/src/riverctl.ts', import.meta.url));
const accounts = '/api/v1/namespaces/lab/serviceaccounts';

describe('riverctl token', () => {
  let server: RunningServer;
  let api: Api;
  before(async () => {
    server = await startServer({ store: 'memory' });
    api = apiOf(server);
    await api.create('/api/v1/namespaces', { metadata: { name: 'lab' } });
    for (const name of ['robot', 'again']) await api.create(accounts, { metadata: { name } });
  });
  after(async () => {
    api?.close();
    await server?.stop();
  });

  const ctl = async (args: readonly string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [riverctl, ...args], {
      env: { PATH: process.env.PATH, HOME: server.home, KUBECONFIG: server.kubeconfig, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await once(child, 'close');
    const [out, err] = await said;
    return { code, out, err };
  };
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const exec = (...more: string[]) => ['token', 'exec-credential', '--account', 'robot', '-n', 'lab', ...more];

  /** A kubeconfig whose user is this account, through riverctl and the admin's own kubeconfig. */
  const accountConfig = (name: string, args: readonly string[] = ['--kubeconfig', server.kubeconfig]) => {
    const file = join(server.dir, name);
    const plugin = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [riverctl, ...exec(...args)],
      interactiveMode: 'Never',
    };
    const cluster = { server: server.url, 'certificate-authority-data': Buffer.from(server.ca).toString('base64') };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'robot',
      contexts: [{ name: 'robot', context: { cluster: 'river', user: 'robot', namespace: 'lab' } }],
      clusters: [{ name: 'river', cluster }],
      users: [{ name: 'robot', user: { exec: plugin } }],
    };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  };

  it('creates a token, as it is asked for', async () => {
    await api.create('/api/v1/namespaces/lab/secrets', { metadata: { name: 's' } });
    const { code, out, err } = await ctl([
      '-n',
      'lab',
      'token',
      'create',
      'robot',
      '--duration',
      '20m',
      '--for',
      'secret/s',
      '--audience',
      'a',
      '--audience',
      'b',
    ]);
    assert.deepEqual([code, err], [0, '']);
    const claims = claimsOf(out);
    assert.deepEqual([claims.aud, claims.exp - claims.iat, claims['kubernetes.io'].secret.name], [['a', 'b'], 1200, 's']);
    const json = JSON.parse((await ctl(['-n', 'lab', 'token', 'create', 'robot', '--json'])).out);
    assert.deepEqual(Object.keys(json).sort(), ['expirationTimestamp', 'token']);
  });

  it('says what is wrong in one line', async () => {
    const cases: [args: string[], code: number, says: RegExp][] = [
      [['token', 'create'], 2, /name the one account/],
      [['token', 'create', 'a', 'b'], 2, /name the one account/],
      [['token', 'exec-credential'], 2, /--account/],
      [['token', 'exec-credential', 'robot', '--account', 'robot'], 2, /takes nothing but flags/],
      [['token', 'create', 'robot', '--duration', '-5m'], 2, /duration/],
      [['token', 'create', 'robot', '--for', 'pod/x'], 2, /secret\/NAME, placement\/NAME or node\/NAME/],
      [['-n', 'lab', 'token', 'create', 'robot', '--duration', '5m'], 1, /expirationSeconds.*600/],
      [['-n', 'lab', 'token', 'create', 'absent'], 3, /serviceaccounts "absent" not found/],
    ];
    for (const [args, code, says] of cases) {
      const ended = await ctl(args);
      assert.deepEqual([ended.code, ended.out], [code, ''], args.join(' '));
      assert.match(ended.err, says);
      assert.match(ended.err, /^riverctl: [^\n]+\n$/);
    }
  });

  it('gives kubectl and riverctl the credential of an account', async () => {
    const file = accountConfig('robot.config');
    const who = await kubectl(server, ['--kubeconfig', file, 'auth', 'whoami']);
    assert.match(who.stdout, /system:serviceaccount:lab:robot/, who.stderr);
    const refused = await ctl(['--kubeconfig', file, 'get', 'cm']);
    assert.deepEqual([refused.code, /system:serviceaccount:lab:robot/.test(refused.err)], [5, true], refused.err);
    const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'viewer' };
    const subjects = [{ kind: 'ServiceAccount', name: 'robot', namespace: 'lab' }];
    await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/lab/rolebindings', {
      metadata: { name: 'r' },
      roleRef: role,
      subjects,
    });
    assert.equal((await ctl(['--kubeconfig', file, 'get', 'cm'])).code, 0);
  });

  it('keeps the token for its owner only, gives it until it has grown old, and then another', async () => {
    const cache = join(server.dir, 'cache');
    const ask = async (...more: string[]) => {
      const { out, err } = await ctl(exec(...more), { XDG_CACHE_HOME: cache });
      const { kind, apiVersion, status } = JSON.parse(out || err);
      assert.deepEqual([kind, apiVersion], ['ExecCredential', 'client.authentication.k8s.io/v1']);
      assert.equal(Date.parse(status.expirationTimestamp), claimsOf(status.token).exp * 1000);
      return status.token;
    };
    const first = await ask();
    assert.equal(await ask(), first);
    const folder = join(cache, 'riverctl', 'tokens');
    const [name = ''] = readdirSync(folder);
    const file = join(folder, name);
    assert.deepEqual([statSync(file).mode & 0o777, statSync(folder).mode & 0o777], [0o600, 0o700]);
    assert.notEqual(await ask('--audience', 'other'), first);
    const fresh = await ask('--fresh');
    assert.notEqual(fresh, first);
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    const age = (share: number) =>
      writeFileSync(
        file,
        JSON.stringify({
          ...kept,
          sinceMs: Date.now() - share * 3_600_000,
          expirationTimestamp: new Date(Date.now() + (1 - share) * 3_600_000).toISOString(),
        }),
      );
    age(0.85);
    assert.notEqual(await ask(), fresh);
    writeFileSync(file, 'garbage');
    assert.ok(await ask());
  });

  it('gives the form that is asked for, and says when it cannot', async () => {
    const info = (apiVersion: string) => ({ KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: {} }) });
    const beta = await ctl(exec(), info('client.authentication.k8s.io/v1beta1'));
    assert.equal(JSON.parse(beta.out).apiVersion, 'client.authentication.k8s.io/v1beta1');
    const alpha = await ctl(exec(), info('client.authentication.k8s.io/v1alpha1'));
    assert.deepEqual([alpha.code, alpha.out], [2, '']);
    assert.match(alpha.err, /must be client.authentication.k8s.io\/v1\n/);
  });

  it('does not ask itself in a circle', async () => {
    const file = accountConfig('circle.config', []);
    const { code, err } = await ctl(['--kubeconfig', file, 'get', 'cm'], { KUBECONFIG: file, XDG_CACHE_HOME: join(server.dir, 'empty') });
    assert.notEqual(code, 0);
    assert.match(err, /in a circle/);
  });
});
