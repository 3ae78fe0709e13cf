import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeCertificateRequest, parseCertificateRequest } from './certificate-request.ts';
import { bytesOfPem, pemOf } from './der.ts';
import { makeAuthority, signClientCertificate } from './make-certificates.ts';

const dir = mkdtempSync(join(tmpdir(), 'river-csr-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const label = 'CERTIFICATE REQUEST';

describe('a certificate request', () => {
  const subject = { commonName: 'system:node:gpu-1', organizations: ['system:nodes'] };
  const made = makeCertificateRequest(newKey(), subject);

  it('is one that OpenSSL verifies, and reads back as it was made', () => {
    writeFileSync(join(dir, 'made.pem'), made);
    assert.match(
      openssl('req', '-in', join(dir, 'made.pem'), '-noout', '-verify', '-subject'),
      /O ?= ?system:nodes, CN ?= ?system:node:gpu-1/,
    );
    const read = parseCertificateRequest(made);
    assert.deepEqual(
      [read.commonNames, read.organizations, read.otherNames, read.hasAttributes],
      [['system:node:gpu-1'], ['system:nodes'], [], false],
    );
    assert.equal(read.isSigned(), true);
  });

  it('of OpenSSL is understood, whatever its key', () => {
    for (const [name, key] of [
      ['rsa', ['rsa:2048']],
      ['p384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
      ['ed', ['ed25519']],
    ] as const) {
      const file = join(dir, `${name}.pem`);
      openssl('req', '-new', '-newkey', ...key, '-nodes', '-keyout', join(dir, 'key'), '-subj', '/O=a/O=b/CN=bob', '-out', file);
      const read = parseCertificateRequest(readFileSync(file, 'utf8'));
      assert.deepEqual([read.commonNames, read.organizations, read.isSigned()], [['bob'], ['a', 'b'], true], name);
    }
  });

  it('says when it asks for more than a name', () => {
    const file = join(dir, 'san.pem');
    const args = ['-newkey', 'ed25519', '-nodes', '-keyout', join(dir, 'key'), '-subj', '/CN=bob/C=DE', '-addext', 'subjectAltName=DNS:x'];
    openssl('req', '-new', ...args, '-out', file);
    const read = parseCertificateRequest(readFileSync(file, 'utf8'));
    assert.equal(read.hasAttributes, true);
    assert.equal(read.otherNames.length, 1);
  });

  it('that was changed anywhere is refused, or is not signed', () => {
    const bytes = bytesOfPem(made, label);
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [0x01, 0x80]) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(at) ^ bit, at);
        const isGood = (() => {
          try {
            return parseCertificateRequest(pemOf(changed, label)).isSigned();
          } catch {
            return false;
          }
        })();
        assert.equal(isGood, false, `bit ${bit} of byte ${at}`);
      }
    }
  });

  it('that is cut, doubled, followed by something or of another type is refused', () => {
    const bytes = bytesOfPem(made, label);
    for (let end = 0; end < bytes.length; end++)
      assert.throws(() => parseCertificateRequest(pemOf(bytes.subarray(0, end), label)), { name: 'DerError' });
    for (const text of [
      '',
      made + made,
      `${made}x`,
      pemOf(bytes, 'CERTIFICATE'),
      pemOf(Buffer.concat([bytes, Buffer.from([5, 0])]), label),
    ])
      assert.throws(() => parseCertificateRequest(text), { name: 'DerError' });
  });

  it('is signed into a certificate for its key alone', async () => {
    const authority = await makeAuthority(new Date());
    const key = newKey();
    const { publicKey } = parseCertificateRequest(makeCertificateRequest(key, subject));
    const from = new Date(Math.floor(Date.now() / 1000) * 1000);
    const until = new Date(from.getTime() + 600_000);
    const certificate = new X509Certificate(await signClientCertificate(authority, { ...subject, publicKey, from, until }));
    assert.ok(certificate.checkPrivateKey(key));
    assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
    assert.deepEqual([certificate.validFromDate, certificate.validToDate], [from, until]);
    assert.equal(certificate.subject, 'O=system:nodes\nCN=system:node:gpu-1');
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  });
});
