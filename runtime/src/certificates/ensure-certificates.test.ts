import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CertificateError, ensureFrontDoorCertificates, ensureServerCertificates, serverNames } from './ensure-certificates.ts';

const root = mkdtempSync(join(tmpdir(), 'river-pki-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = () => join(root, `pki-${folders++}`);
const now = new Date('2030-01-01T00:00:00Z');
const later = (days: number) => new Date(now.getTime() + days * 24 * 3600 * 1000);
const serverOf = (dir: string) => new X509Certificate(readFileSync(join(dir, 'server.crt')));

describe('ensureServerCertificates', () => {
  it('makes an authority and a server that a TLS client trusts on every loopback name', async () => {
    const made = await ensureServerCertificates({ dir: folder(), now: new Date() });
    const server = createServer({ cert: readFileSync(made.certFile), key: readFileSync(made.keyFile) }, (_, response) =>
      response.end('hello'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const host of ['127.0.0.1', 'localhost']) {
      const status = await new Promise((resolve, reject) => {
        get({ host, port, ca: made.ca, agent: false, family: 4 }, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
      assert.equal(status, 200);
    }
    await new Promise((resolve) => server.close(resolve));
  });

  it('lets only the owner read keys and the folder', async () => {
    const dir = folder();
    await ensureServerCertificates({ dir, now });
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    for (const file of ['ca.key', 'server.key']) assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600);
  });

  it('keeps what is there when nothing is due', async () => {
    const dir = folder();
    await ensureServerCertificates({ dir, now });
    const before = serverOf(dir).serialNumber;
    await ensureServerCertificates({ dir, now: later(240) });
    assert.equal(serverOf(dir).serialNumber, before);
  });

  it('renews the server after two thirds of its year, under the same authority', async () => {
    const dir = folder();
    const first = await ensureServerCertificates({ dir, now });
    const before = serverOf(dir).serialNumber;
    const second = await ensureServerCertificates({ dir, now: later(250) });
    assert.notEqual(serverOf(dir).serialNumber, before);
    assert.equal(second.ca, first.ca);
  });

  it('signs again when a name is asked for that the certificate lacks', async () => {
    const dir = folder();
    await ensureServerCertificates({ dir, now });
    await ensureServerCertificates({ dir, now, names: ['192.0.2.7', 'river.example'] });
    assert.equal(serverOf(dir).checkIP('192.0.2.7'), '192.0.2.7');
    assert.equal(serverOf(dir).checkHost('river.example'), 'river.example');
  });

  it('says which file is broken and leaves it as it is', async () => {
    const dir = folder();
    await ensureServerCertificates({ dir, now });
    for (const file of ['server.crt', 'ca.key', 'ca.crt']) {
      const path = join(dir, file);
      const good = readFileSync(path);
      writeFileSync(path, 'garbage');
      await assert.rejects(
        ensureServerCertificates({ dir, now }),
        (error) => error instanceof CertificateError && error.message.startsWith(path),
      );
      assert.equal(readFileSync(path, 'utf8'), 'garbage');
      writeFileSync(path, good);
    }
  });

  it('never lets a server outlive its authority, and refuses an expired authority', async () => {
    const dir = folder();
    await ensureServerCertificates({ dir, now });
    const authority = new X509Certificate(readFileSync(join(dir, 'ca.crt')));
    await ensureServerCertificates({ dir, now: later(3600) });
    assert.ok(serverOf(dir).validToDate <= authority.validToDate);
    await assert.rejects(ensureServerCertificates({ dir, now: later(3651) }), /ca\.crt has expired/);
  });
});

describe('ensureFrontDoorCertificates', () => {
  it('makes an authority apart from that of clients, and a certificate that shows a front door, and renews that', async () => {
    const dir = folder();
    await ensureServerCertificates({ dir, now });
    const { caFile } = await ensureFrontDoorCertificates({ dir, now });
    const read = (file: string) => new X509Certificate(readFileSync(file));
    const [clients, fronts] = [read(join(dir, 'ca.crt')), read(caFile)];
    const door = () => read(join(dir, 'front-proxy.crt'));
    const first = door();
    assert.equal(first.subject, 'CN=front-proxy');
    assert.deepEqual([first.verify(fronts.publicKey), first.verify(clients.publicKey)], [true, false]);
    for (const file of ['front-ca.key', 'front-proxy.key']) assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600);
    await ensureFrontDoorCertificates({ dir, now: later(240) });
    assert.equal(door().serialNumber, first.serialNumber);
    await ensureFrontDoorCertificates({ dir, now: later(250) });
    assert.notEqual(door().serialNumber, first.serialNumber);
    assert.equal(read(caFile).serialNumber, fronts.serialNumber);
  });
});

describe('serverNames', () => {
  it('leaves out wildcards and host names that no certificate can carry', () => {
    assert.deepEqual(serverNames(['0.0.0.0', '::', '10.0.0.1'], 'bad_host'), ['127.0.0.1', '::1', 'localhost', '10.0.0.1']);
  });
});
