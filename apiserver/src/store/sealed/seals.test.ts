import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addKey, type KeyRing, newKey, newKeyRing, useKey } from '@river/runtime';
import fc from 'fast-check';
import { stateOf } from './sealed-value.ts';
import { seals } from './seals.ts';

const now = new Date('2026-01-02T03:04:05Z');
const prefixes = ['s/'];
const over = (ring: KeyRing | undefined) => seals({ prefixes, ring });
const object = Buffer.from('{"password":"hunter2"}');

it('opens what it sealed, whatever it is and wherever it stands', () => {
  const made = over(newKeyRing(now));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.string(), (value, name) => {
      const sealed = made.seal(`s/${name}`, value);
      assert.deepEqual(Buffer.from(made.open(`s/${name}`, sealed).value ?? []), Buffer.from(value));
    }),
  );
});

it('does not open a value with any bit of any byte flipped, cut short or made longer, and shows nothing of it', () => {
  const made = over(newKeyRing(now));
  const sealed = Buffer.from(made.seal('s/a', object));
  const refuses = (altered: Uint8Array, what: string) => {
    const opened = made.open('s/a', altered);
    assert.equal(opened.value, undefined, what);
    assert.ok(!opened.problem?.includes('hunter2'));
  };
  for (let at = 0; at < sealed.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ (1 << bit);
      refuses(altered, `bit ${bit} of byte ${at}`);
    }
    refuses(sealed.subarray(0, at), `cut at ${at}`);
  }
  refuses(Buffer.concat([sealed, Buffer.alloc(1)]), 'longer');
});

it('does not open a value that was moved to another name', () => {
  const made = over(newKeyRing(now));
  const { problem } = made.open('s/b', made.seal('s/a', object));
  assert.match(problem ?? '', /does not open: it was altered, or moved here from another name/);
});

it('seals the same value differently each time', () => {
  const made = over(newKeyRing(now));
  const all = Array.from({ length: 100 }, () => Buffer.from(made.seal('s/a', object)).toString('base64'));
  assert.equal(new Set(all).size, 100);
});

it('seals with the key in use, and opens with every key of the ring', () => {
  const first = newKeyRing(now);
  const made = over(first);
  const old = made.seal('s/a', object);
  const added = addKey(first, newKey(now));
  const second = useKey(added, added.keys[1]?.id ?? '');
  made.use(second);
  const fresh = made.seal('s/a', object);
  assert.deepEqual([made.isCurrent(stateOf(old)), made.isCurrent(stateOf(fresh)), made.isCurrent(stateOf(object))], [false, true, false]);
  for (const value of [old, fresh]) assert.deepEqual(Buffer.from(made.open('s/a', value).value ?? []), object);
  const state = stateOf(fresh);
  assert.equal(state.is === 'sealed' && state.keyId, second.use.id);
});

it('leaves values as they are without a ring, and then opens no sealed one', () => {
  const none = over(undefined);
  assert.equal(none.seal('s/a', object), object);
  const ring = newKeyRing(now);
  assert.match(none.open('s/a', over(ring).seal('s/a', object)).problem ?? '', new RegExp(`key ${ring.use.id}, which is not in`));
});
