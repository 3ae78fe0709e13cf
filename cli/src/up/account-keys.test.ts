import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { ensureAccountKeys } from './account-keys.ts';

const dir = mkdtempSync(join(tmpdir(), 'river-up-keys-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'pki', 'accounts.keys');
const keys = () => readFileSync(file, 'utf8').match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
const dayMs = 24 * 60 * 60 * 1000;

it('makes a key that only its owner can read, and keeps it for a year; then a new one signs, and the one before is still believed', () => {
  const start = new Date();
  ensureAccountKeys(file, start);
  const [first, ...none] = keys();
  assert.deepEqual([statSync(file).mode & 0o777, none], [0o600, []]);
  assert.equal(createPrivateKey(first ?? '').asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const later = (days: number) => new Date(start.getTime() + days * dayMs);
  ensureAccountKeys(file, later(360));
  assert.deepEqual(keys(), [first]);
  ensureAccountKeys(file, later(366));
  const [kept, second, ...more] = keys();
  assert.deepEqual([kept, more], [first, []]);
  assert.notEqual(second, first);
  utimesSync(file, later(366), later(366));
  ensureAccountKeys(file, later(740));
  const third = keys();
  assert.deepEqual([third[0], third.length], [second, 2]);
});
