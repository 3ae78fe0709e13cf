import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readKeyRing, writeKeyRing } from '@river/runtime';
import { sqliteStore } from '../../apiserver/src/store/sqlite/sqlite-store.ts';
import { type Api, apiOf } from '../server/http.ts';
import { secretOf, secrets, textsIn } from './stored.ts';

const main = fileURLToPath(new URL('../../cli/src/up/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'river-keys-'));
const data = join(folder, 'data');
const ringFile = join(data, 'pki', 'secrets.keys');

const river = (...args: string[]): Promise<{ code: number | null; out: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args, ...(args.includes('--data') ? [] : ['--data', data])]);
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (out += chunk));
    child.once('close', (code) => resolve({ code, out }));
  });
const ok = async (...args: string[]): Promise<string> => {
  const { code, out } = await river(...args);
  assert.equal(code, 0, out);
  return out;
};
const up = (...args: string[]) => ok('up', '--detach', '--no-agent', '--no-controllers', '--api-port', '0', ...args);

const withApi = async <T>(dir: string, work: (api: Api) => Promise<T>): Promise<T> => {
  const config = JSON.parse(readFileSync(join(dir, 'kubeconfig'), 'utf8'));
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const api = apiOf({ port: Number(new URL(server).port), ca: Buffer.from(ca, 'base64').toString(), token: config.users[0].user.token });
  try {
    return await work(api);
  } finally {
    api.close();
  }
};

after(async () => {
  await river('down');
  await river('down', '--data', join(folder, 'other'));
  rmSync(folder, { recursive: true, force: true });
});

describe('river keys', () => {
  it('lists the key that `up` has made, which only its owner can read', async () => {
    await up();
    await withApi(data, (api) => api.create(secrets, secretOf('a', { a: 'one' })));
    assert.equal(statSync(ringFile).mode & 0o777, 0o600);
    assert.match(await ok('keys', 'list'), /^k\d{8}-[0-9a-f]{8} {2}\S+ {2}1 Secrets {2}in use\n$/);
  });

  it('rotates, waits until everything is sealed anew, and removes the old key when it is asked to', async () => {
    const old = readKeyRing(ringFile).use.id;
    assert.match(await ok('keys', 'rotate'), /^Secrets are sealed with (k\S+) from now on\n[\s\S]*all Secrets are sealed with it\n$/);
    assert.match(await ok('keys', 'list'), new RegExp(`^${old} {2}\\S+ {2}0 Secrets\\nk\\S+ {2}\\S+ {2}1 Secrets {2}in use\\n$`));
    assert.match(await ok('keys', 'prune'), new RegExp(`removed ${old}`));
    assert.equal(readKeyRing(ringFile).keys.length, 1);
    assert.match(await ok('keys', 'prune'), /there is nothing to remove/);
    assert.deepEqual(await withApi(data, async (api) => textsIn(await api.read(`${secrets}/a`))), { a: 'one' });
  });

  it('adds a key in one step and uses it in another, and prunes none that was added for later', async () => {
    const [, id = ''] = /^added (k\S+):/.exec(await ok('keys', 'add')) ?? [];
    assert.match(await ok('keys', 'prune'), /there is nothing to remove/);
    await ok('keys', 'use', id);
    assert.equal(readKeyRing(ringFile).use.id, id);
    assert.match((await river('keys', 'use', 'k-none')).out, /^river: there is no key k-none in the key ring/);
  });

  it('removes no key that a Secret still needs', async () => {
    const old = readKeyRing(ringFile).use.id;
    await ok('keys', 'prune');
    await ok('down');
    const store = await sqliteStore({ path: join(data, 'store', 'river.sqlite') });
    const key = 'core/secrets/default/a';
    const sealed = Buffer.from((await store.get(key))?.value ?? []);
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    await store.txn([], [{ key, value: sealed }]);
    await store.close();
    assert.match(await up(), /warning: 1 stored Secrets cannot be read: see .*apiserver\.log/);
    await ok('keys', 'rotate');
    const { code, out } = await river('keys', 'prune');
    assert.equal(code, 1);
    assert.match(out, new RegExp(`kept ${old}: Secrets are still sealed with them that cannot be opened`));
    assert.equal(readKeyRing(ringFile).keys.length, 2);
    await withApi(data, (api) => api.remove(`${secrets}/a`));
    assert.match(await ok('keys', 'prune'), new RegExp(`removed ${old}`));
  });

  it('while no server runs it writes the new key, and the next start seals everything with it; it does not prune', async () => {
    await withApi(data, (api) => api.create(secrets, secretOf('b', { a: 'two' })));
    await ok('down');
    assert.match(await ok('keys', 'rotate'), /seals the others again when it starts/);
    const { code, out } = await river('keys', 'prune');
    assert.equal(code, 1);
    assert.match(out, /^river: the server must say which keys its Secrets still need: start it first/);
    await up();
    assert.match(await ok('keys', 'prune'), /removed k/);
    assert.deepEqual(await withApi(data, async (api) => textsIn(await api.read(`${secrets}/b`))), { a: 'two' });
  });

  it('two at once lose no key', async () => {
    const before = readKeyRing(ringFile).keys.length;
    const all = await Promise.all(Array.from({ length: 6 }, () => river('keys', 'add')));
    const made = all.filter(({ code }) => code === 0).length;
    assert.ok(made > 0);
    assert.equal(readKeyRing(ringFile).keys.length, before + made);
    for (const { code, out } of all) if (code !== 0) assert.match(out, /^river: another process changes .*: try again\n$/);
  });

  it('restores a backup only where its keys are, and says so before it writes anything', async () => {
    const file = join(folder, 'backup');
    const backup = await withApi(data, (api) => api.get('/backup'));
    writeFileSync(file, backup.bytes);
    const other = join(folder, 'other');
    const { code, out } = await river('restore', file, '--data', other);
    assert.equal(code, 1);
    assert.match(
      out,
      /^river: nothing was restored: the Secrets in this backup are sealed with key "k\S+", which is not in .*secrets\.keys: put the key ring/,
    );
    assert.equal(existsSync(join(other, 'store', 'river.sqlite')), false);
    await ok('down');
    const pki = join(other, 'pki');
    writeKeyRing(join(pki, 'secrets.keys'), readKeyRing(ringFile));
    assert.match(await ok('restore', file, '--data', other), /^restored \d+ objects/);
    await up('--data', other);
    assert.deepEqual(await withApi(other, async (api) => textsIn(await api.read(`${secrets}/b`))), { a: 'two' });
    await ok('down', '--data', other);
  });

  it('a key ring that others may read, or that is none, stops `up` with one line', async () => {
    const good = readFileSync(ringFile);
    chmodSync(ringFile, 0o640);
    const loose = await river('up', '--detach', '--no-agent', '--no-controllers', '--api-port', '0');
    assert.deepEqual(
      [loose.code, loose.out],
      [1, `river: the key ring ${ringFile} may be used by others than its owner (mode 640): chmod 600 it\n`],
    );
    chmodSync(ringFile, 0o600);
    writeFileSync(ringFile, 'garbage');
    const garbage = await river('up', '--detach', '--no-agent', '--no-controllers', '--api-port', '0');
    assert.equal(garbage.code, 1);
    assert.match(garbage.out, /^river: .*secrets\.keys is not a key ring \(.*\): put the right file there\n$/);
    writeFileSync(ringFile, good);
  });

  it('a server that is told neither to seal Secrets nor not to does not start', async () => {
    const serverMain = fileURLToPath(new URL('../../apiserver/src/main.ts', import.meta.url));
    const start = (...args: string[]) =>
      new Promise<string>((resolve) => {
        const pki = join(data, 'pki');
        const needed = ['--cert', join(pki, 'server.crt'), '--key', join(pki, 'server.key'), '--token-file', join(data, 'tokens.json')];
        const child = spawn(process.execPath, [serverMain, '--store', 'memory', '--port', '0', ...needed, ...args]);
        let out = '';
        child.stderr.on('data', (chunk) => (out += chunk));
        child.once('close', () => resolve(out));
      });
    assert.match(await start(), /--secret-keys FILE is missing \(--no-secret-encryption keeps Secrets as they are written\)/);
    assert.match(await start('--secret-keys', ringFile, '--no-secret-encryption'), /exclude each other/);
    assert.match(await start('--secret-keys', join(folder, 'none')), /there is no such file: without it no Secret can be opened/);
  });
});
