import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'riverctl-'));
const kubeconfig = join(data, 'kubeconfig');

/** Every program has a deadline: one that hangs fails its test, and not the suite by its own. */
const river = (...args: string[]) => spawnSync(process.execPath, [here('./up/main.ts'), ...args], { encoding: 'utf8', timeout: 90_000 });
const up = (...args: string[]) => river(...args, '--data', data);

const ctl = (args: string[], options: { input?: string; env?: Record<string, string> } = {}) => {
  const env = { ...process.env, KUBECONFIG: kubeconfig, ...options.env };
  const ended = spawnSync(process.execPath, [here('../dist/riverctl.js'), ...args], {
    encoding: 'utf8',
    input: options.input ?? '',
    env,
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
};

const configMap = (name: string, value: string, label = 'none') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {set: ${label}}}\ndata: {key: ${value}}\n`;

before(() => {
  assert.equal(spawnSync(process.execPath, [here('./build.ts')], { timeout: 60_000 }).status, 0);
  const started = up('up', '--store', 'memory', '--api-port', '0', '--no-agent', '--no-controllers', '--detach');
  assert.equal(started.status, 0, started.stdout + started.stderr);
});
after(() => {
  up('down');
  rmSync(data, { recursive: true, force: true });
});

describe('riverctl against a server', () => {
  it('applies from stdin, says what it did, and says nothing changed the second time', () => {
    const input = `${configMap('one', 'a')}---\n${configMap('two', 'b')}`;
    assert.equal(ctl(['apply', '-f', '-'], { input }).out, 'configmap/one created\nconfigmap/two created\n');
    assert.equal(ctl(['apply', '-f', '-'], { input }).out, 'configmap/one unchanged\nconfigmap/two unchanged\n');
  });

  it('gets tables, names, YAML, JSON and paths', () => {
    assert.match(ctl(['get', 'cm', 'one']).out, /^NAME +DATA +AGE\none +1 /);
    assert.equal(ctl(['get', 'configmaps', '-o', 'name', '-l', 'set=none']).out, 'configmap/one\nconfigmap/two\n');
    assert.match(ctl(['get', 'cm/one', '-o', 'yaml']).out, /^apiVersion: v1\nkind: ConfigMap\n/);
    assert.equal(JSON.parse(ctl(['get', 'cm', 'one', '--json']).out).data.key, 'a');
    assert.equal(ctl(['get', 'cm', 'one', '-o', 'jsonpath={.data.key}']).out, 'a\n');
    assert.match(ctl(['get', 'ns', '-A']).out, /default +Active/);
  });

  it('tells missing objects, kinds and wrong flags apart by exit code, also as JSON', () => {
    const missing = ctl(['get', 'cm', 'nope']);
    assert.deepEqual([missing.code, missing.out, missing.err], [3, '', 'riverctl: configmaps "nope" not found\n']);
    assert.equal(JSON.parse(ctl(['get', 'cm', 'nope', '--json']).out).error.exitCode, 3);
    assert.equal(ctl(['get', 'things']).code, 3);
    assert.equal(ctl(['get', 'cm', '--wat']).code, 2);
    assert.equal(ctl(['gett']).code, 2);
    assert.equal(ctl(['get', 'cm'], { env: { KUBECONFIG: '/nowhere', HOME: '/nowhere', RIVER_DATA: '/nowhere' } }).code, 7);
  });

  it('shows a difference with exit code 1 and none with 0', () => {
    const differs = ctl(['diff', '-f', '-'], { input: configMap('one', 'z') });
    assert.equal(differs.code, 1);
    assert.match(differs.out, /- {2}key: a\n\+ {2}key: z\n/);
    assert.equal(ctl(['diff', '-f', '-'], { input: configMap('one', 'a') }).code, 0);
  });

  it('stops at a field that another manager owns, and takes it over when forced', () => {
    const path = ['edit', 'cm/one'];
    assert.equal(ctl(['apply', '-f', '-'], { input: configMap('one', 'a') }).code, 0);
    assert.equal(ctl(path, { env: { EDITOR: 'sed -i s/key:.*/key:\\ edited/' } }).out, 'configmap/one edited\n');
    const refused = ctl(['apply', '-f', '-'], { input: configMap('one', 'mine') });
    assert.equal(refused.code, 4);
    assert.match(refused.err, /conflict.*--force-conflicts/);
    assert.equal(ctl(['apply', '-f', '-', '--force-conflicts'], { input: configMap('one', 'mine') }).code, 0);
  });

  it('leaves an object alone when the editor is closed without a change', () => {
    assert.equal(ctl(['edit', 'cm', 'two'], { env: { EDITOR: 'true' } }).out, 'configmap/two unchanged\n');
  });

  it('keeps what was written in the editor in vain, and says where', () => {
    const { code, err } = ctl(['edit', 'cm', 'two'], { env: { EDITOR: 'sh -c \'grep -q wrong "$1" || echo "data: [wrong]" >>"$1"\' sh' } });
    assert.equal(code, 1);
    const kept = /^riverctl: .*; what you wrote is kept in (.*)\n$/.exec(err)?.[1] ?? '';
    assert.match(readFileSync(kept, 'utf8'), /^data: \[wrong\]$/m);
    rmSync(dirname(kept), { recursive: true });
  });

  it('ends quietly when who reads it has seen enough, and in one line when the disk is full', () => {
    const through = (end: string) =>
      spawnSync('bash', ['-c', `set -o pipefail; "$0" "$1" get ns -o yaml ${end}`, process.execPath, here('../dist/riverctl.js')], {
        encoding: 'utf8',
        env: { ...process.env, KUBECONFIG: kubeconfig },
        timeout: 30_000,
      });
    const head = through('| head -1');
    assert.deepEqual([head.status, head.stdout, head.stderr], [0, 'apiVersion: v1\n', '']);
    if (process.platform !== 'linux') return;
    const full = through('> /dev/full');
    assert.equal(full.status, 1);
    assert.match(full.stderr, /^riverctl: the output could not be written: .*no space.*\n$/);
  });

  it('prunes what left the set, and nothing else', () => {
    const first = `${configMap('p1', 'a', 'lab')}---\n${configMap('p2', 'b', 'lab')}`;
    assert.equal(ctl(['apply', '-f', '-', '--prune', '-l', 'set=lab'], { input: first }).code, 0);
    const second = ctl(['apply', '-f', '-', '--prune', '-l', 'set=lab'], { input: configMap('p1', 'a', 'lab') });
    assert.equal(second.out, 'configmap/p1 unchanged\nconfigmap/p2 deleted\n');
    assert.equal(ctl(['get', 'cm', 'one', 'two', 'p1', '-o', 'name']).code, 0);
    assert.equal(ctl(['apply', '-f', '-', '--prune', '-l', 'set=lab'], { input: configMap('x', 'a', 'other') }).code, 2);
  });

  it('applies a definition and an object of its kind in one go', () => {
    const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: cups.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: cups, singular: cup, kind: Cup}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, description: Holds tea., properties: {spec: {type: object, properties: {size: {type: integer, description: In millilitres.}}}}}}
`;
    const both = ctl(['apply', '-f', '-', '--wait'], {
      input: `apiVersion: example.com/v1\nkind: Cup\nmetadata: {name: mug}\nspec: {size: 300}\n---\n${definition}`,
    });
    assert.equal(both.code, 0, both.err);
    assert.match(both.out, /cup\.example\.com\/mug created/);
    assert.match(ctl(['explain', 'cup.spec']).out, /size\t<integer>\n +In millilitres\./);
    assert.match(ctl(['describe', 'cup', 'mug']).out, /Spec:\n {2}Size: {2}300/);
  });

  it('waits until the deadline with exit code 6, and for what is gone not at all', () => {
    assert.equal(ctl(['wait', 'cm/one', '--for=jsonpath={.data.key}=mine']).code, 0);
    assert.equal(ctl(['wait', 'cm/one', '--for=jsonpath={.data.key}=never', '--timeout=200ms']).code, 6);
    assert.equal(ctl(['wait', 'cm/nope', '--for=delete']).code, 0);
    assert.equal(ctl(['wait', 'cm/nope', '--for=condition=Ready']).code, 3);
  });

  it('follows changes until it is stopped', async (test) => {
    const args = [here('../dist/riverctl.js'), 'get', 'cm', 'watched', '-w', '-o', 'name'];
    const child = spawn(process.execPath, args, { env: { ...process.env, KUBECONFIG: kubeconfig } });
    // It would follow for ever, across restarts of the server: a failure below must not leave it running.
    test.after(() => child.kill());
    const seen = new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (chunk) => resolve(String(chunk)));
      child.once('exit', (code) => reject(new Error(`riverctl ended with ${code}`)));
    });
    assert.equal(ctl(['apply', '-f', '-'], { input: configMap('watched', 'a') }).code, 0);
    assert.equal(await seen, 'configmap/watched\n');
  });

  it('deletes by file, by name and by label, and counts what is gone already as missing', () => {
    const file = join(data, 'one.yaml');
    writeFileSync(file, configMap('one', 'a'));
    assert.equal(ctl(['delete', '-f', file]).out, 'configmap/one deleted\n');
    assert.equal(ctl(['delete', 'cm', 'one']).code, 3);
    assert.equal(ctl(['delete', 'cm', 'one', '--ignore-not-found']).code, 0);
    assert.equal(ctl(['delete', 'cm', '-l', 'set=none', '--wait=false']).code, 0);
    assert.equal(ctl(['delete', 'cm']).code, 2);
  });

  it('takes a backup of a running server, which restores into a new one', () => {
    const file = join(data, 'backup');
    assert.equal(ctl(['apply', '-f', '-'], { input: configMap('kept', 'precious') }).code, 0);
    assert.equal(ctl(['backup', file]).code, 0);
    assert.equal(ctl(['backup', file]).code, 4);
    assert.equal(ctl(['backup', '-']).out, readFileSync(file, 'utf8'));
    const second = join(data, 'second');
    const held = up('restore', file);
    assert.deepEqual([held.status, held.stderr.split('\n').length], [1, 2]);
    assert.match(held.stderr, /a control plane runs on .*: stop it first/);
    const restored = river('restore', file, '--data', second);
    assert.equal(restored.status, 0, restored.stderr);
    assert.match(river('restore', file, '--data', second).stderr, /there is a store in .* already/);
    try {
      const started = river('up', '--data', second, '--api-port', '0', '--no-agent', '--no-controllers', '--detach');
      assert.equal(started.status, 0, started.stderr);
      const KUBECONFIG = join(second, 'kubeconfig');
      assert.equal(ctl(['get', 'cm', 'kept', '-o', 'jsonpath={.data.key}'], { env: { KUBECONFIG } }).out, 'precious\n');
    } finally {
      river('down', '--data', second);
    }
  });

  it('knows people: makes them with a namespace and a role, changes and forgets them', () => {
    const key = join(data, 'alice.pub');
    writeFileSync(key, '# mine\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqPOUcd4d4Pu4uyZ0zOEsmvsKcXaRw7sLDOuY2TObYr alice@laptop\n');
    const made = ctl(['user', 'create', 'alice', '--home', '--ssh-key', key, '--group', 'lab', '--role', 'viewer']);
    assert.equal(
      made.out,
      'user.river.dev/alice created\nalice has the role user in namespace alice\nalice has the role viewer in namespace default\n',
    );
    assert.match(ctl(['user', 'list']).out, /^NAME .*GROUPS.*\nalice .*\["lab"\] +false/);
    assert.match(ctl(['get', 'rolebindings', '-n', 'alice', '-o', 'name']).out, /user-alice-user/);
    const given = ctl(['user', 'kubeconfig', 'alice', '-n', 'alice']);
    assert.equal(given.code, 0, given.err);
    const own = join(data, 'alice.kubeconfig');
    writeFileSync(own, given.out, { mode: 0o600 });
    const asAlice = (...args: string[]) => ctl(args, { env: { KUBECONFIG: own } });
    assert.equal(asAlice('get', 'tasks').code, 0);
    assert.deepEqual([asAlice('get', 'tasks', '-n', 'kube-system').code, asAlice('get', 'nodes').code], [5, 5]);
    assert.deepEqual([ctl(['user', 'kubeconfig', 'nobody']).code, ctl(['user', 'kubeconfig', 'alice', '--expires', 'soon']).code], [3, 2]);
    assert.match(ctl(['user', 'add-group', 'alice', 'vision', 'lab']).out, /changed/);
    assert.match(ctl(['user', 'add-group', 'alice', 'lab']).out, /unchanged/);
    assert.match(ctl(['user', 'remove-group', 'alice', 'nope']).err, /there is no "nope" among: lab, vision/);
    assert.equal(ctl(['user', 'remove-group', 'alice', 'lab']).code, 0);
    assert.equal(ctl(['user', 'remove-key', 'alice', 'alice@laptop']).code, 0);
    assert.equal(ctl(['user', 'add-key', 'alice', key]).code, 0);
    assert.equal(ctl(['user', 'disable', 'alice']).out, 'user.river.dev/alice disabled\n');
    assert.match(asAlice('get', 'tasks').err, /Unauthorized/);
    const { spec } = JSON.parse(ctl(['get', 'users.river.dev', 'alice', '--json']).out);
    assert.deepEqual([spec.disabled, spec.groups, spec.sshKeys.length], [true, ['vision'], 1]);
    writeFileSync(key, '-----BEGIN OPENSSH PRIVATE KEY-----\n');
    assert.match(ctl(['user', 'add-key', 'alice', key]).err, /private key.*\.pub/);
    const by = `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: by-hand}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: viewer}\nsubjects: [{kind: User, name: alice}]\n`;
    ctl(['apply', '-f', '-'], { input: by });
    const gone = ctl(['user', 'delete', 'alice']);
    assert.match(gone.err, /clusterrolebindings\/by-hand still gives rights to alice/);
    assert.equal(ctl(['get', 'rolebindings', '-A', '-o', 'name']).out.includes('user-alice'), false);
    assert.deepEqual(
      [ctl(['user', 'delete', 'alice']).code, ctl(['user', 'create']).code, ctl(['user', 'nope']).code, ctl(['user']).code],
      [3, 2, 2, 2],
    );
    assert.match(ctl(['help', 'user']).out, /user create +let River know a person/);
    assert.match(ctl(['user', 'create', '--help']).out, /Usage: riverctl user create NAME/);
  });

  it('lists kinds, events and versions', () => {
    assert.match(ctl(['api-resources', '--api-group=river.dev', '-o', 'name']).out, /^tasks\.river\.dev$/m);
    assert.equal(ctl(['events', '-A']).code, 0);
    assert.match(ctl(['version']).out, /^riverctl \d.*\nserver {3}v1\./);
  });
});
