import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { addKey, formatKeyRing, type KeyRing, keepKeys, newKey, newKeyRing, useKey } from './key-ring.ts';
import { ensureKeyRing, readKeyRing, readKeyRingIfAny, writeKeyRing } from './key-ring-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'river-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date('2026-01-02T03:04:05Z');
const path = join(folder, 'secrets.keys');

const refuses = (message: RegExp) =>
  assert.throws(
    () => readKeyRing(path),
    (error) => error instanceof Error && error.name === 'KeyRingError' && message.test(error.message) && !error.message.includes('\n'),
  );

it('makes a ring that only its owner can read, once', () => {
  const made = ensureKeyRing(path, now);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(ensureKeyRing(path, now), made);
  assert.match(made.use.id, /^k20260102-[0-9a-f]{8}$/);
  assert.equal(made.use.secret.length, 32);
});

it('reads back what it wrote', () => {
  const first = ensureKeyRing(path, now);
  const added = addKey(first, newKey(now));
  const ring = useKey(added, added.keys[1]?.id ?? '');
  writeKeyRing(path, ring);
  assert.deepEqual(readKeyRing(path), ring);
});

it('keeps the key in use whatever is to go, and takes no more than it holds', () => {
  const first = newKeyRing(now);
  assert.deepEqual(
    keepKeys(first, () => false),
    first,
  );
  let ring: KeyRing = first;
  for (let at = 1; at < 64; at++) ring = addKey(ring, newKey(now));
  assert.throws(() => addKey(ring, newKey(now)), /prune it first/);
  assert.throws(() => useKey(first, 'k-none'), /there is no key k-none/);
});

it('refuses in one line what others may read, what is no ring, and what is not there, and quotes nothing of it', () => {
  const ring = newKeyRing(now);
  const good = formatKeyRing(ring);
  const secret = ring.use.secret.toString('base64');
  for (const mode of [0o644, 0o640, 0o604, 0o660]) {
    writeFileSync(path, good);
    chmodSync(path, mode);
    refuses(new RegExp(`mode ${mode.toString(8)}\\): chmod 600 it`));
  }
  chmodSync(path, 0o600);
  const bad = [
    '',
    '{',
    'null',
    '[]',
    '{"keys":[]}',
    good.replace(secret, secret.slice(0, 20)),
    good.replace('"use": "', '"use": "x'),
    good.slice(0, -10),
    JSON.stringify({ use: 'a', keys: [{ id: 'A b', secret, createdAt: '' }] }),
    JSON.stringify({ use: 'a', keys: Array(2).fill({ id: 'a', secret, createdAt: '' }) }),
    `${good}${' '.repeat(70_000)}`,
  ];
  for (const content of bad) {
    writeFileSync(path, content);
    refuses(/is not a key ring \(.*\): put the right file there$/);
    assert.throws(
      () => readKeyRing(path),
      (error) => error instanceof Error && !error.message.includes(secret.slice(0, 20)),
    );
  }
  rmSync(path);
  refuses(/there is no such file: without it no Secret can be opened/);
  assert.equal(readKeyRingIfAny(path), undefined);
  mkdirSync(path, { mode: 0o700 });
  refuses(/it is a folder/);
});
