import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { within } from './eventually.ts';
import { type Answer, type Api, apiOf } from './http.ts';
import { kubectl, kubectlOk } from './kubectl.ts';
import { type RunningServer, startServer } from './start-server.ts';

const issuer = 'https://issuer.test';
const accounts = '/api/v1/namespaces/lab/serviceaccounts';
const maps = '/api/v1/namespaces/lab/configmaps';
const reviews = '/apis/authentication.k8s.io/v1/tokenreviews';
const whoami = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
const claimsOf = (token: string) => decode(token.split('.')[1]);

describe('tokens of accounts', () => {
  const dir = mkdtempSync(join(tmpdir(), 'river-tokens-'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  let server: RunningServer;
  let api: Api;
  before(async () => {
    const keys = join(dir, 'accounts.keys');
    writeFileSync(keys, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const flags = { 'account-keys': keys, 'account-issuer': issuer };
    server = await startServer({ store: 'memory', flags, users: { asker: { groups: [] }, other: { groups: [] } } });
    api = apiOf(server);
    await api.create('/api/v1/namespaces', { metadata: { name: 'lab' } });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'viewer' };
    await api.create(`${rbac}/namespaces/lab/rolebindings`, {
      metadata: { name: 'accounts' },
      roleRef,
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:serviceaccounts:lab' }],
    });
    await api.create(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'asker' },
      roleRef: { ...roleRef, name: 'system:auth-delegator' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'asker' }],
    });
  });
  after(async () => {
    api?.close();
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const account = (name: string) => api.create(accounts, { metadata: { name } });
  const ask = (name: string, spec: object = {}, more: object = {}): Promise<Answer> =>
    api.call('POST', `${accounts}/${name}/token`, {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec, ...more },
    });
  const tokenOf = async (name: string, spec: object = {}): Promise<string> => {
    const { status, text, json } = await ask(name, spec);
    assert.equal(status, 201, text);
    return json.status.token;
  };
  const read = async (token: string): Promise<number> => (await api.get(maps, { token })).status;
  const review = async (token: string, audiences?: string[]) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, ...(audiences && { audiences }) } };
    const answer = await api.call('POST', reviews, { body, token: 'asker' });
    assert.equal(answer.status, 201, answer.text);
    assert.ok(token === '' || !answer.text.includes(token), 'the answer repeats the token');
    return answer.json.status;
  };
  const forged = (head: object, claims: object, key: KeyObject, like: string): string => {
    const [header, body] = like.split('.');
    const signed = `${encode({ ...decode(header), ...head })}.${encode({ ...decode(body), ...claims })}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };

  it('say who one is, and give the rights of the account', async () => {
    const { metadata } = await account('robot');
    const { json } = await ask('robot');
    const { token, expirationTimestamp } = json.status;
    assert.deepEqual([json.metadata.name, json.metadata.namespace, json.spec.audiences], ['robot', 'lab', [issuer]]);
    const claims = claimsOf(token);
    assert.deepEqual(claims['kubernetes.io'], { namespace: 'lab', serviceaccount: { name: 'robot', uid: metadata.uid } });
    assert.deepEqual([claims.iss, claims.sub, claims.aud], [issuer, 'system:serviceaccount:lab:robot', [issuer]]);
    assert.equal(claims.exp - claims.iat, 3600);
    assert.equal(new Date(expirationTimestamp).getTime(), claims.exp * 1000);
    assert.equal(await read(token), 200);
    assert.equal((await api.get('/api/v1/namespaces/default/configmaps', { token })).status, 403);
    const { userInfo } = (await api.call('POST', whoami, { body: {}, token })).json.status;
    assert.equal(userInfo.uid, metadata.uid);
    assert.deepEqual(userInfo.groups, ['system:serviceaccounts', 'system:serviceaccounts:lab', 'system:authenticated']);
    assert.deepEqual(userInfo.extra['authentication.kubernetes.io/credential-id'], [`JTI=${claims.jti}`]);
  });

  it('last as long as was asked, within bounds, and say how long', async () => {
    await account('clock');
    assert.equal((await ask('clock', { expirationSeconds: 599 })).status, 422);
    assert.equal((await ask('clock', { expirationSeconds: 2 ** 32 + 1 })).status, 422);
    const short = claimsOf(await tokenOf('clock', { expirationSeconds: 600 }));
    assert.equal(short.exp - short.iat, 600);
    const long = await ask('clock', { expirationSeconds: 30 * 24 * 3600 });
    const claims = claimsOf(long.json.status.token);
    assert.equal(claims.exp - claims.iat, 24 * 3600);
    assert.equal(new Date(long.json.status.expirationTimestamp).getTime(), claims.exp * 1000);
    assert.match(String(long.headers.warning), /more than a token may last/);
  });

  it('are given only to those who may have them, by the name of the account', async () => {
    await account('mine');
    await account('theirs');
    await api.create(`${rbac}/namespaces/lab/roles`, {
      metadata: { name: 'mine' },
      rules: [{ verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['mine'] }],
    });
    await api.create(`${rbac}/namespaces/lab/rolebindings`, {
      metadata: { name: 'mine' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'mine' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'asker' }],
    });
    const asAsker = async (name: string) => (await api.call('POST', `${accounts}/${name}/token`, { body: {}, token: 'asker' })).status;
    assert.deepEqual([await asAsker('mine'), await asAsker('theirs'), await asAsker('absent')], [201, 403, 403]);
    const robot = await tokenOf('mine');
    assert.equal((await api.call('POST', `${accounts}/mine/token`, { body: {}, token: robot })).status, 403);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'])
      assert.equal((await api.call(method, `${accounts}/mine/token`)).status, 405, method);
    assert.equal((await ask('absent')).status, 404);
    assert.equal((await ask('mine', {}, { metadata: { name: 'other' } })).status, 400);
    assert.equal((await ask('mine', {}, { metadata: { uid: 'another' } })).status, 409);
    assert.equal((await ask('mine', {}, { kind: 'TokenReview' })).status, 400);
  });

  it('are given only as policies allow', async () => {
    await account('judged');
    const admission = '/apis/admissionregistration.k8s.io/v1';
    const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['serviceaccounts/token'] }];
    await api.create(`${admission}/validatingadmissionpolicies`, {
      metadata: { name: 'bound-tokens' },
      spec: {
        matchConstraints: { resourceRules },
        validations: [{ expression: "object.metadata.name != 'judged' || has(object.spec.boundObjectRef)", message: 'must be bound' }],
      },
    });
    const binding = { metadata: { name: 'bound-tokens' }, spec: { policyName: 'bound-tokens', validationActions: ['Deny'] } };
    await api.create(`${admission}/validatingadmissionpolicybindings`, binding);
    const refused = await ask('judged');
    assert.deepEqual([refused.status, /must be bound/.test(refused.json.message)], [422, true], refused.text);
    await account('unjudged');
    assert.equal((await ask('unjudged')).status, 201);
    await api.remove(`${admission}/validatingadmissionpolicybindings/bound-tokens`);
  });

  it('are given to nobody in a dry run', async () => {
    await account('dry');
    const { status, json } = await api.call('POST', `${accounts}/dry/token?dryRun=All`, { body: {} });
    assert.deepEqual([status, json.status.token], [201, '']);
  });

  it('are worth nothing when they were not made here, and a review says so too', async () => {
    await account('target');
    const real = await tokenOf('target');
    const [head = '', body = '', mark = ''] = real.split('.');
    const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const publicPem = String(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }));
    const hmacHead = encode({ ...decode(head), alg: 'HS256' });
    const now = Math.floor(Date.now() / 1000);
    const attacks: Record<string, string> = {
      'another key': forged({}, {}, stranger.privateKey, real),
      'a key that it brings': forged({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, {}, stranger.privateKey, real),
      'a key elsewhere': forged({ jku: 'https://127.0.0.1:1/jwks' }, {}, stranger.privateKey, real),
      'another key id': forged({ kid: 'x' }, {}, privateKey, real),
      'alg none': `${encode({ ...decode(head), alg: 'none' })}.${body}.`,
      'the public key as a secret': `${hmacHead}.${body}.${createHmac('sha256', publicPem).update(`${hmacHead}.${body}`).digest('base64url')}`,
      'another issuer': forged({}, { iss: 'https://other.test' }, privateKey, real),
      'another audience': forged({}, { aud: ['other'] }, privateKey, real),
      expired: forged({}, { exp: now - 60 }, privateKey, real),
      'not yet valid': forged({}, { nbf: now + 60 }, privateKey, real),
      'another account': forged({}, { sub: 'system:serviceaccount:kube-system:admin' }, privateKey, real),
      truncated: real.slice(0, -20),
      'only its claims': body,
      changed: `${head}.${body}.${mark.startsWith('A') ? 'B' : 'A'}${mark.slice(1)}`,
      huge: forged({}, { more: 'x'.repeat(12_000) }, privateKey, real),
    };
    assert.equal(await read(forged({}, {}, privateKey, real)), 200, 'the same way of making them, without a lie');
    for (const [what, token] of Object.entries(attacks)) {
      assert.equal(await read(token), 401, what);
      const { authenticated, user, error } = await review(token);
      assert.deepEqual([authenticated, user, typeof error], [false, undefined, 'string'], what);
    }
    assert.equal(await read('x'.repeat(40_000)).catch(() => 431), 431);
    assert.equal(await read(real), 200);
  });

  it('are nobody in an address', async () => {
    await account('url');
    const token = await tokenOf('url');
    for (const query of ['token', 'access_token', 'bearer_token', 'authorization'])
      assert.equal((await api.get(`${maps}?${query}=${token}`, { token: null })).status, 401, query);
    assert.equal((await api.get(maps, { token: null, headers: { cookie: `token=${token}` } })).status, 401);
    assert.equal(
      (await api.get(maps, { token: null, headers: { 'sec-websocket-protocol': `base64url.bearer.authorization.k8s.io.${token}` } }))
        .status,
      401,
    );
  });

  it('end with their account, though one of the same name is made anew', async () => {
    await account('again');
    const token = await tokenOf('again');
    assert.equal(await read(token), 200);
    await api.remove(`${accounts}/again`);
    assert.equal(await read(token), 401);
    await account('again');
    const fresh = await tokenOf('again');
    assert.deepEqual([await read(token), await read(fresh)], [401, 200]);
    assert.equal((await review(token)).authenticated, false);
  });

  it('end with what they are bound to', async () => {
    await account('bound');
    const secrets = '/api/v1/namespaces/lab/secrets';
    const nodes = '/apis/river.dev/v1/nodes';
    const bonds = [
      { at: secrets, ref: { apiVersion: 'v1', kind: 'Secret', name: 'b' }, object: { apiVersion: 'v1', kind: 'Secret' } },
      {
        at: nodes,
        ref: { apiVersion: 'river.dev/v1', kind: 'Node', name: 'b' },
        object: { apiVersion: 'river.dev/v1', kind: 'Node', spec: {} },
      },
    ];
    for (const { at, ref, object } of bonds) {
      const { metadata } = await api.create(at, { ...object, metadata: { name: 'b' } });
      const asked = await ask('bound', { boundObjectRef: { ...ref, uid: 'another' } });
      assert.deepEqual([asked.status, asked.json.reason], [409, 'Conflict']);
      const token = await tokenOf('bound', { boundObjectRef: { ...ref, uid: metadata.uid } });
      assert.equal(await read(token), 200);
      assert.deepEqual(claimsOf(token)['kubernetes.io'][ref.kind.toLowerCase()], { name: 'b', uid: metadata.uid });
      await api.remove(`${at}/b`);
      assert.equal(await read(token), 401, ref.kind);
      await api.create(at, { ...object, metadata: { name: 'b' } });
      assert.equal(await read(token), 401, `${ref.kind} made anew`);
      assert.equal((await review(token)).authenticated, false);
    }
  });

  it('can be bound only to what is there and what River has', async () => {
    await account('bonds');
    const pod = await ask('bonds', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } });
    assert.equal(pod.status, 422);
    assert.match(pod.json.message, /v1\/Pod.*supported values: .*river\.dev\/v1\/Placement/);
    assert.equal((await ask('bonds', { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'absent' } })).status, 404);
    assert.equal((await ask('bonds', { boundObjectRef: { apiVersion: 'v1', kind: 'Secret' } })).status, 422);
  });

  it('end the watches that began with them, within two seconds and with the 401 that a request would get now', async () => {
    await account('watcher');
    await api.create('/api/v1/namespaces/lab/secrets', { metadata: { name: 'watched' } });
    const ends: Record<string, [spec: object, end: string]> = {
      'of what is bound to': [
        { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'watched' } },
        '/api/v1/namespaces/lab/secrets/watched',
      ],
      'of the account': [{}, `${accounts}/watcher`],
    };
    for (const [what, [spec, end]] of Object.entries(ends)) {
      const watching = api.watch(`${maps}?watch=1`, { token: await tokenOf('watcher', spec) });
      assert.equal(await watching.opened, 200);
      await api.remove(end);
      const startMs = performance.now();
      await within(`the watch ends with the end ${what}`, watching.ended);
      assert.ok(performance.now() - startMs < 2_000, what);
      const last = watching.events.at(-1);
      assert.deepEqual([last?.type, (last?.object as { code?: number } | undefined)?.code], ['ERROR', 401], what);
    }
  });

  it('end the watches that began with them when their time is over', async () => {
    await account('timed');
    const exp = Math.floor(Date.now() / 1000) - 8;
    const watching = api.watch(`${maps}?watch=1`, { token: forged({}, { exp }, privateKey, await tokenOf('timed')) });
    assert.equal(await watching.opened, 200);
    await within('the watch ends with the time', watching.ended);
    assert.equal((watching.events.at(-1)?.object as { code?: number } | undefined)?.code, 401);
  });

  it('are for those whom they name: a review says for whom of those who ask', async () => {
    const { metadata } = await account('shared');
    const token = await tokenOf('shared', { audiences: ['vault', 'bank'] });
    assert.equal(await read(token), 401);
    assert.deepEqual((await review(token)).authenticated, false);
    const { user, ...status } = await review(token, ['bank', 'other', 'vault']);
    assert.deepEqual(status, { authenticated: true, audiences: ['bank', 'vault'] });
    assert.deepEqual([user.username, user.uid], ['system:serviceaccount:lab:shared', metadata.uid]);
    assert.equal((await review(token, ['other'])).authenticated, false);
  });

  it('are not the only ones that a review knows', async () => {
    const { user, ...status } = await review(server.token);
    assert.deepEqual([status, user.username], [{ authenticated: true, audiences: [issuer] }, 'admin']);
    assert.equal((await review(server.token, ['other'])).authenticated, false);
    const malformed = await api.call('POST', reviews, { body: { spec: { token: ['planted-secret'] } } });
    assert.deepEqual([malformed.status, malformed.text.includes('planted-secret')], [400, false]);
    assert.equal((await api.call('POST', reviews, { body: { spec: { token: 'x' } }, token: 'other' })).status, 403);
    assert.ok(!server.log().includes(server.token));
  });

  it('of other sorts are nobody in a review, too, when their owner is shut out, and watches end', async () => {
    const subjects = [{ kind: 'User', name: 'other' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'viewer' };
    await api.create(`${rbac}/namespaces/lab/rolebindings`, { metadata: { name: 'other' }, roleRef, subjects });
    const watching = api.watch(`${maps}?watch=1`, { token: 'other' });
    assert.equal(await watching.opened, 200);
    await api.create('/apis/river.dev/v1/users', {
      apiVersion: 'river.dev/v1',
      kind: 'User',
      metadata: { name: 'other' },
      spec: { disabled: true },
    });
    const startMs = performance.now();
    await within('the watch ends', watching.ended);
    assert.ok(performance.now() - startMs < 2_000);
    assert.equal((watching.events.at(-1)?.object as { code?: number } | undefined)?.code, 401);
    const body = { spec: { token: 'other' } };
    assert.equal((await api.call('POST', reviews, { body })).json.status.authenticated, false);
  });

  it('can be verified elsewhere by the keys that are published', async () => {
    await account('reader');
    const token = await tokenOf('reader');
    const configuration = (await api.get('/.well-known/openid-configuration', { token })).json;
    assert.deepEqual([configuration.issuer, configuration.jwks_uri], [issuer, `${issuer}/openid/v1/jwks`]);
    const { json, headers, text } = await api.get('/openid/v1/jwks', { token });
    assert.equal(headers['content-type'], 'application/jwk-set+json');
    assert.equal(json.keys[0].kid, decode(token.split('.')[0]).kid);
    assert.ok(!text.includes('"d"'));
    for (const path of ['/.well-known/openid-configuration', '/openid/v1/jwks']) {
      assert.deepEqual([(await api.get(path, { token: 'asker' })).status, (await api.get(path, { token: null })).status], [403, 401]);
    }
  });

  it('are what the real kubectl makes and uses', async () => {
    await kubectlOk(server, ['-n', 'lab', 'create', 'serviceaccount', 'kube']);
    await kubectlOk(server, ['-n', 'lab', 'create', 'secret', 'generic', 'kube']);
    const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', 'kube'];
    const made = await kubectlOk(server, ['-n', 'lab', 'create', 'token', 'kube', '--duration', '20m', '--audience', issuer, ...bound]);
    const token = made.trim();
    const claims = claimsOf(token);
    assert.deepEqual([claims.exp - claims.iat, claims['kubernetes.io'].secret.name], [1200, 'kube']);
    const where = ['--kubeconfig', '/dev/null', '--server', server.url, '--certificate-authority', server.caFile, '--token', token];
    assert.match(await kubectlOk(server, [...where, 'auth', 'whoami']), /system:serviceaccount:lab:kube/);
    assert.equal((await kubectl(server, [...where, '-n', 'lab', 'get', 'configmaps'])).code, 0);
    const pod = await kubectl(server, ['-n', 'lab', 'create', 'token', 'kube', '--bound-object-kind', 'Pod', '--bound-object-name', 'p']);
    assert.notEqual(pod.code, 0);
    assert.match(await kubectlOk(server, ['api-resources', '--cached=false']), /tokenreviews/);
    assert.match(await kubectlOk(server, ['auth', 'can-i', 'create', 'serviceaccounts/token', '-n', 'lab']), /yes/);
  });
});
