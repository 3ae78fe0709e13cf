import assert from 'node:assert/strict';
import { it } from 'node:test';
import { waitingBytes } from './waiting-bytes.ts';

const holder = (bytes: number) => {
  const state = { bytes, isCut: false };
  const cut = () => {
    state.isCut = true;
    state.bytes = 0;
  };
  return { state, waitingBytes: () => state.bytes, cut };
};

it('cuts who holds more than its share as soon as too much waits for all together', () => {
  const waiting = waitingBytes(1_000);
  const small = holder(10);
  const stuck = Array.from({ length: 20 }, () => holder(100));
  waiting.grew(small);
  for (const one of stuck) waiting.grew(one);
  const held = stuck.reduce((sum, { state }) => sum + state.bytes, 0);
  assert.ok(held <= 1_000, `${held} bytes are held`);
  assert.ok(held >= 800, 'no more are cut than must be');
  assert.equal(small.state.isCut, false);
});

it('forgets what its reader has taken', () => {
  const waiting = waitingBytes(1_000);
  const first = holder(900);
  waiting.grew(first);
  first.state.bytes = 0;
  waiting.shed();
  const second = holder(900);
  waiting.grew(second);
  assert.deepEqual([first.state.isCut, second.state.isCut], [false, false]);
});

it('sheds the largest when what was given before turns out to be too much', () => {
  const waiting = waitingBytes(1_000);
  const growing = Array.from({ length: 10 }, (_, at) => holder(1 + at));
  for (const one of growing) waiting.grew(one);
  for (const one of growing) one.state.bytes *= 100;
  waiting.shed();
  const held = growing.reduce((sum, { state }) => sum + state.bytes, 0);
  assert.ok(held <= 1_000 && held > 0, `${held}`);
  assert.deepEqual([growing[0]?.state.isCut, growing[9]?.state.isCut], [false, true]);
});
