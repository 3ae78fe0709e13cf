import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { compareKeys, prefixEnd } from './keys.ts';
import { sortedKeys } from './sorted-keys.ts';

const text = fc.string({ unit: 'binary', maxLength: 6 });
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

it('orders keys as their bytes', () => {
  fc.assert(fc.property(text, text, (a, b) => assert.equal(Math.sign(compareKeys(a, b)), byBytes(a, b))));
});

it('finds the end of a prefix', () => {
  fc.assert(
    fc.property(text, text, (prefix, key) => {
      const end = prefixEnd(prefix);
      const isInside = byBytes(key, prefix) >= 0 && (end === undefined || byBytes(key, end) < 0);
      assert.equal(isInside, key.startsWith(prefix));
      assert.ok(end === undefined || byBytes(prefix + key, end) < 0);
    }),
  );
});

it('keeps a set of keys in order while they come and go', () => {
  const keys = sortedKeys();
  const expected = new Set<string>();
  for (let at = 0; at < 20_000; at++) {
    const key = `/${(at * 7_919) % 3_001}`;
    if (at % 3 === 2) {
      keys.delete(key);
      expected.delete(key);
    } else {
      keys.add(key);
      expected.add(key);
    }
  }
  const sorted = [...expected].sort(byBytes);
  assert.deepEqual([...keys.from('')], sorted);
  assert.deepEqual(
    [...keys.from('/15')],
    sorted.filter((key) => byBytes(key, '/15') >= 0),
  );
});
