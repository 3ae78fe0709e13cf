import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AccountKeysError, loadAccountKeys } from './account-keys.ts';
import { signClaims, signedClaims } from './signed-claims.ts';

const dir = mkdtempSync(join(tmpdir(), 'river-keys-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'accounts.keys');
const pemOf = (curve = 'prime256v1'): string =>
  String(generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type: 'pkcs8', format: 'pem' }));
const load = (...pems: string[]) => {
  writeFileSync(file, pems.join(''), { mode: 0o600 });
  chmodSync(file, 0o600);
  return loadAccountKeys(file);
};

describe("the keys of accounts' tokens", () => {
  it('sign with the newest and believe all, so that keys can be changed while tokens last', async () => {
    const [old, fresh] = [pemOf(), pemOf()];
    const before = await load(old);
    const token = signClaims(before, { a: 1 });
    const during = await load(old, fresh);
    assert.deepEqual(signedClaims(during, token), { a: 1 });
    const next = signClaims(during, { b: 2 });
    assert.equal(signedClaims(before, next), undefined);
    const publicOld = String(createPublicKey(old).export({ type: 'spki', format: 'pem' }));
    assert.deepEqual(signedClaims(await load(publicOld, fresh), token), { a: 1 });
    const afterwards = await load(fresh);
    assert.deepEqual([signedClaims(afterwards, token), signedClaims(afterwards, next)], [undefined, { b: 2 }]);
  });

  it('are published without what is secret in them', async () => {
    const { published } = await load(pemOf(), pemOf());
    assert.equal(published.keys.length, 2);
    for (const key of published.keys) assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it("are refused, with the file's name and without its content, when they cannot be used", async () => {
    const publicKey = String(createPublicKey(pemOf()).export({ type: 'spki', format: 'pem' }));
    const bad: Record<string, string[]> = {
      nothing: [],
      garbage: ['garbage'],
      'another curve': [pemOf('secp384r1')],
      'a public key last': [pemOf(), publicKey],
      'a broken key': [pemOf().replace(/\n[^-]{8}/, '\nAAAAAAAA')],
    };
    for (const [what, pems] of Object.entries(bad)) {
      await assert.rejects(
        load(...pems),
        (error) => error instanceof AccountKeysError && error.message.startsWith(file) && !error.message.includes('BEGIN'),
        what,
      );
    }
    await load(pemOf());
    chmodSync(file, 0o644);
    await assert.rejects(loadAccountKeys(file), /can be read by everybody/);
  });
});
