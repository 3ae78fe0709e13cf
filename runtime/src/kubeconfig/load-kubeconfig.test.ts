import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KubeconfigError } from './kubeconfig-error.ts';
import { type AccessFlags, loadKubeconfig } from './load-kubeconfig.ts';

const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

function load(files: Record<string, string>, env: Record<string, string> = {}, flags: AccessFlags = {}) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return text;
  };
  return loadKubeconfig({ env: { HOME: '/home/me', ...env }, flags, readFile });
}
const refused = async (promise: Promise<unknown>, text: RegExp) =>
  assert.rejects(promise, (error) => error instanceof KubeconfigError && text.test(error.message) && !error.message.includes('\n'));

const home = `
apiVersion: v1
kind: Config
current-context: lab
clusters:
- name: lab
  cluster: {server: "https://lab:6443/", certificate-authority: pki/ca.crt, tls-server-name: api.lab}
- name: old
  cluster: {server: "http://old:8080"}
users:
- name: me
  user: {client-certificate-data: ${base64(pem('cert'))}, client-key: me.key}
- name: bot
  user: {tokenFile: bot.token}
- name: cloud
  user: {exec: {command: ./get-token, apiVersion: client.authentication.k8s.io/v1, args: [a], env: [{name: X, value: y}], provideClusterInfo: true}}
- name: odd
  user: {exec: {command: get-token, apiVersion: client.authentication.k8s.io/v1alpha1}}
contexts:
- name: lab
  context: {cluster: lab, user: me, namespace: research}
- name: bot
  context: {cluster: old, user: bot}
- name: cloud
  context: {cluster: old, user: cloud}
- name: odd
  context: {cluster: old, user: odd}
- name: torn
  context: {cluster: gone}
`;
const files = {
  '/home/me/.kube/config': home,
  '/home/me/.kube/pki/ca.crt': pem('ca'),
  '/home/me/.kube/me.key': 'KEY',
  '/home/me/.kube/bot.token': 'abc\n',
};

it('reads ~/.kube/config, with paths relative to it', async () => {
  assert.deepEqual(await load(files), {
    server: 'https://lab:6443',
    certificateAuthority: pem('ca'),
    tlsServerName: 'api.lab',
    clientCertificate: { certificate: pem('cert'), key: 'KEY' },
    namespace: 'research',
    context: 'lab',
  });
});

it('lets flags win over the file', async () => {
  const access = await load(
    files,
    {},
    { context: 'bot', namespace: 'n', server: 'https://other', token: 'T', insecureSkipTlsVerify: true, as: 'ann' },
  );
  assert.deepEqual(access, {
    server: 'https://other',
    insecureSkipTlsVerify: true,
    token: 'T',
    impersonate: { user: 'ann' },
    namespace: 'n',
    context: 'bot',
  });
});

it('reads a token from its file and remembers where it was', async () => {
  const access = await load(files, {}, { context: 'bot' });
  assert.equal(access.token, 'abc');
  assert.equal(access.tokenFile, '/home/me/.kube/bot.token');
  assert.equal(access.namespace, 'default');
});

it('tells which program gives the credential, unless a flag does', async () => {
  const { exec } = await load(files, {}, { context: 'cloud' });
  assert.deepEqual(exec, {
    place: '/home/me/.kube/config: "cloud": exec',
    file: '/home/me/.kube/config',
    command: './get-token',
    args: ['a'],
    apiVersion: 'client.authentication.k8s.io/v1',
    mode: 'IfAvailable',
    hint: '',
    env: { HOME: '/home/me', X: 'y' },
    cluster: { server: 'http://old:8080' },
  });
  assert.equal((await load(files, {}, { context: 'cloud', token: 'T' })).exec, undefined);
});

it('merges the files of KUBECONFIG, the first to say something wins, and a missing one is skipped', async () => {
  const one = JSON.stringify({ 'current-context': 'lab', contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'me' } }] });
  const two = JSON.stringify({
    'current-context': 'other',
    clusters: [{ name: 'lab', cluster: { server: 'https://two' } }],
    users: [{ name: 'me', user: { token: 'two' } }],
    contexts: [{ name: 'lab', context: { cluster: 'elsewhere' } }],
  });
  const access = await load({ '/a/one': one, '/b/two': two }, { KUBECONFIG: '/a/one::/missing:/b/two' });
  assert.deepEqual(access, { server: 'https://two', token: 'two', namespace: 'default', context: 'lab' });
});

it('prefers data over a path, as kubectl does', async () => {
  const text = JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c' } }],
    clusters: [
      { name: 'c', cluster: { server: 'https://c', 'certificate-authority': '/missing', 'certificate-authority-data': base64(pem('x')) } },
    ],
  });
  assert.equal((await load({ '/k': text }, { KUBECONFIG: '/k' })).certificateAuthority, pem('x'));
});

it('says which file and key are wrong, and what to do', async () => {
  await refused(load({}), /no cluster is configured in \/home\/me\/\.kube\/config: set KUBECONFIG/);
  await refused(load({}, {}, { kubeconfig: '/nope' }), /\/nope: cannot be read \(ENOENT\)/);
  await refused(load(files, {}, { context: 'x' }), /--context "x" does not exist: contexts are lab, bot, cloud, odd, torn/);
  await refused(load(files, {}, { context: 'torn' }), /context "torn" names cluster "gone", which does not exist: clusters are lab, old/);
  await refused(
    load(files, {}, { context: 'odd' }),
    /"odd": exec.apiVersion "client.authentication.k8s.io\/v1alpha1" is not supported: it must be .*\/v1 or/,
  );
  await refused(load({ ...files, '/home/me/.kube/config': 'a: [' }), /not readable as YAML/);
  await refused(
    load({ '/home/me/.kube/config': home }),
    /"lab": certificate-authority: \/home\/me\/\.kube\/pki\/ca\.crt cannot be read \(ENOENT\)/,
  );
});

it('uses the service account of a pod when there is no kubeconfig', async () => {
  const mount = '/var/run/secrets/kubernetes.io/serviceaccount';
  const pod = { [`${mount}/ca.crt`]: pem('ca'), [`${mount}/token`]: 'tok', [`${mount}/namespace`]: 'river-system' };
  const access = await load(pod, { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' });
  assert.equal(access.server, 'https://[fd00::1]:443');
  assert.equal(access.namespace, 'river-system');
  assert.equal(access.tokenFile, `${mount}/token`);
});
