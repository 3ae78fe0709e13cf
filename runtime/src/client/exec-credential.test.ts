import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ApiError } from '@river/crds';
import { manualClock } from '../clock/manual-clock.ts';
import type { ExecPlugin } from '../kubeconfig/cluster-access.ts';
import { KubeconfigError } from '../kubeconfig/kubeconfig-error.ts';
import { apiClient } from './api-client.ts';
import { execCredential } from './exec-credential.ts';

const dir = mkdtempSync(join(tmpdir(), 'river-exec-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const apiVersion = 'client.authentication.k8s.io/v1';
const secret = 'planted-secret';
const credential = (status: object, version = apiVersion) => JSON.stringify({ apiVersion: version, kind: 'ExecCredential', status });

let made = 0;
/** A plugin that is a shell script. */
function script(body: string, more: Partial<ExecPlugin> = {}): ExecPlugin {
  const name = `plugin-${made++}`;
  writeFileSync(join(dir, name), `#!/bin/sh\n${body}\n`, { mode: 0o700 });
  const place = 'config: "me": exec';
  return {
    place,
    file: join(dir, 'config'),
    command: `./${name}`,
    args: [],
    apiVersion,
    mode: 'Never',
    hint: '',
    env: { PATH: '/bin:/usr/bin' },
    ...more,
  };
}
const says = (text: string, more: Partial<ExecPlugin> = {}): ExecPlugin =>
  script(`echo x >> ${dir}/runs-${made}; cat <<'END'\n${text}\nEND`, more);
const clock = manualClock();

describe('a program that gives a credential', () => {
  it('is asked once, and again when what it gave is nearly over or was not accepted', async () => {
    const runs = `${dir}/runs-${made}`;
    const count = () => readFileSync(runs, 'utf8').length / 2;
    const expirationTimestamp = new Date(clock.wallMs() + 60_000).toISOString();
    const source = execCredential(says(credential({ token: 't', expirationTimestamp })), clock);
    assert.deepEqual(await Promise.all([source.get(), source.get()]), [{ token: 't' }, { token: 't' }]);
    assert.equal(count(), 1);
    source.forget();
    await source.get();
    assert.equal(count(), 2);
    clock.advance(56_000);
    await source.get();
    assert.equal(count(), 3);
  });

  it('may give a client certificate', async () => {
    const source = execCredential(says(credential({ clientCertificateData: 'CERT', clientKeyData: 'KEY' })), clock);
    assert.deepEqual(await source.get(), { clientCertificate: { certificate: 'CERT', key: 'KEY' } });
  });

  it('is told what it is asked for', async () => {
    const told = join(dir, 'told');
    const plugin = script(`echo "$X $1" > ${told}; echo "$KUBERNETES_EXEC_INFO" >> ${told}; echo '${credential({ token: 't' })}'`, {
      args: ['arg'],
      env: { PATH: '/bin:/usr/bin', X: 'y' },
      cluster: { server: 'https://s' },
    });
    await execCredential(plugin, clock).get();
    const [line, info] = readFileSync(told, 'utf8').split('\n');
    assert.equal(line, 'y arg');
    assert.deepEqual(JSON.parse(info ?? ''), {
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://s' } },
    });
  });

  it('fails in one line that says where it is named, and never what it said', async () => {
    const cases: [what: RegExp, plugin: ExecPlugin][] = [
      [
        /no-such-program could not be started \(ENOENT\): get it from the shop/,
        { ...says(''), command: 'no-such-program', hint: 'get it from the shop\n' },
      ],
      [/ended with exit code 3/, script(`echo ${secret}; exit 3`)],
      [/is no ExecCredential in JSON/, says(secret)],
      [/is no ExecCredential in JSON/, says(JSON.stringify({ kind: secret }))],
      [/is not of client.authentication.k8s.io\/v1,/, says(credential({ token: secret }, 'client.authentication.k8s.io/v1beta1'))],
      [/neither a token nor a client certificate/, says(credential({ clientKeyData: secret }))],
      [/expirationTimestamp that is no time/, says(credential({ token: secret, expirationTimestamp: 'soon' }))],
      [/said more than/, script('yes planted-secret')],
      [/needs a terminal/, says('', { mode: 'Always' })],
    ];
    for (const [what, plugin] of cases) {
      const source = execCredential(plugin, clock);
      await assert.rejects(
        async () => source.get(),
        (error) => {
          assert.ok(error instanceof KubeconfigError, String(error));
          assert.match(error.message, what);
          assert.match(error.message, /^config: "me": exec: /);
          assert.ok(!error.message.includes(secret) && !error.message.includes('\n'));
          return true;
        },
      );
    }
  });

  it('is asked by the client, which asks it anew after a 401', async () => {
    const seen: unknown[] = [];
    const server = createServer(({ headers }, response) => {
      seen.push(headers.authorization);
      response.writeHead(seen.length === 1 ? 401 : 200).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const counter = join(dir, 'counter');
    const exec = script(
      `echo x >> ${counter}; echo '{"apiVersion":"${apiVersion}","kind":"ExecCredential","status":{"token":"t'$(wc -l < ${counter})'"}}'`,
    );
    const client = apiClient({ server: `http://127.0.0.1:${port}`, namespace: 'default', exec });
    await assert.rejects(client.json({ method: 'GET', path: '/' }), (error) => ApiError.is(error, 'Unauthorized'));
    await client.json({ method: 'GET', path: '/' });
    await client.json({ method: 'GET', path: '/' });
    client.close();
    server.close();
    assert.deepEqual(seen, ['Bearer t1', 'Bearer t2', 'Bearer t2']);
  });
});
